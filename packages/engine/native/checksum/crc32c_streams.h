// One step function per kind of CPU: the raw register (no inversion at either end) moved over `size` bytes, and over
// three equally long stretches at once, whose instructions overlap.
#pragma once
#include <cstddef>
#include <cstdint>

namespace flash_slim::crc32c {

struct Stepper {
  uint32_t (*one)(uint32_t crc, const uint8_t* data, size_t size);
  // size: a multiple of 8. crc[i] moves over data + i * size.
  void (*three)(uint32_t crc[3], const uint8_t* data, size_t size);
};

extern const Stepper kTableStepper;
#if defined(__x86_64__)
extern const Stepper kSse42Stepper;
#elif defined(__aarch64__)
extern const Stepper kArmStepper;
#endif

}  // namespace flash_slim::crc32c
