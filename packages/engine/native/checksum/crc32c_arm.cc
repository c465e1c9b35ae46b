// Compiled with -march=armv8-a+crc; runs only where the CPU has it.
#include <arm_acle.h>

#include <cstdint>

namespace flash_slim::crc32c {
namespace {
inline uint32_t Step8(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
inline uint32_t Step1(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }
}  // namespace
}  // namespace flash_slim::crc32c

#include "checksum/crc32c_instruction.h"

namespace flash_slim::crc32c {
const Stepper kArmStepper = {StepOne, StepThree};
}
