// For CPUs without the instruction: eight tables, eight bytes a step.
#include <array>
#include <cstring>

#include "checksum/crc32c_streams.h"

namespace flash_slim::crc32c {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bit-reflected

// kTables[i][byte]: what `byte`, followed by i zero bytes, does to the register.
constexpr auto kTables = [] {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (int i = 1; i < 8; ++i) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      tables[i][byte] = tables[i - 1][byte] >> 8 ^ tables[0][tables[i - 1][byte] & 255];
    }
  }
  return tables;
}();

uint32_t StepOne(uint32_t crc, const uint8_t* data, size_t size) {
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    word ^= crc;
    crc = 0;
    for (int i = 0; i < 8; ++i) crc ^= kTables[7 - i][word >> (8 * i) & 255];
  }
  for (; size > 0; ++data, --size) crc = crc >> 8 ^ kTables[0][(crc ^ *data) & 255];
  return crc;
}

void StepThree(uint32_t crc[3], const uint8_t* data, size_t size) {
  for (int i = 0; i < 3; ++i) crc[i] = StepOne(crc[i], data + i * size, size);
}

}  // namespace

const Stepper kTableStepper = {StepOne, StepThree};

}  // namespace flash_slim::crc32c
