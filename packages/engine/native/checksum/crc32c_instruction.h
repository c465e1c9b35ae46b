// The stepper over a CPU's crc32c instruction; the including file defines Step8 (8 bytes) and Step1 (1 byte).
#pragma once
#include <cstring>

#include "checksum/crc32c_streams.h"

namespace flash_slim::crc32c {
namespace {

inline uint64_t Load64(const uint8_t* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

uint32_t StepOne(uint32_t crc, const uint8_t* data, size_t size) {
  for (; size >= 8; data += 8, size -= 8) crc = Step8(crc, Load64(data));
  for (; size > 0; ++data, --size) crc = Step1(crc, *data);
  return crc;
}

void StepThree(uint32_t crc[3], const uint8_t* data, size_t size) {
  uint32_t a = crc[0], b = crc[1], c = crc[2];
  for (size_t i = 0; i < size; i += 8) {
    a = Step8(a, Load64(data + i));
    b = Step8(b, Load64(data + size + i));
    c = Step8(c, Load64(data + 2 * size + i));
  }
  crc[0] = a, crc[1] = b, crc[2] = c;
}

}  // namespace
}  // namespace flash_slim::crc32c
