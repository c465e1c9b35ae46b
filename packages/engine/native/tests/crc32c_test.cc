// Every stepper this CPU runs against RFC 3720's vectors and against each other; three streams and combination.
#include "checksum/crc32c.h"

#include <random>
#include <string>
#include <vector>

#include "checksum/crc32c_streams.h"
#include "tests/check.h"

using namespace flash_slim;

static uint32_t BitByBit(const uint8_t* data, size_t size) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

int main() {
  CHECK(Crc32c("123456789", 9) == 0xe3069283);
  CHECK(Crc32c("", 0) == 0);
  const std::vector<uint8_t> zeros(32, 0), ones(32, 0xff);
  CHECK(Crc32c(zeros.data(), 32) == 0x8a9136aa);
  CHECK(Crc32c(ones.data(), 32) == 0x62a8ab43);

  std::mt19937 random(1);
  std::vector<uint8_t> bytes(100'003);
  for (uint8_t& byte : bytes) byte = uint8_t(random());
  for (size_t size : {1u, 7u, 8u, 9u, 4095u, 16383u, 16384u, 16385u, 16391u, 50'001u, 99'999u}) {
    for (size_t offset : {0u, 1u, 3u}) {  // unaligned
      const uint8_t* data = bytes.data() + offset;
      const uint32_t expected = BitByBit(data, size);
      CHECK(Crc32c(data, size) == expected);
      CHECK(~crc32c::kTableStepper.one(~0u, data, size) == expected);
      for (size_t split : {size_t(0), size / 3, size}) {
        CHECK(Crc32cCombine(Crc32c(data, split), Crc32c(data + split, size - split), size - split) == expected);
      }
    }
  }
  uint32_t crc[3] = {~0u, ~0u, ~0u};
  crc32c::kTableStepper.three(crc, bytes.data(), 800);
  for (int i = 0; i < 3; ++i) CHECK(~crc[i] == BitByBit(bytes.data() + 800 * i, 800));

  // A flipped bit anywhere shows.
  const uint32_t whole = Crc32c(bytes.data(), bytes.size());
  for (size_t i = 0; i < bytes.size(); i += 9973) {
    bytes[i] ^= 1 << (i % 8);
    CHECK(Crc32c(bytes.data(), bytes.size()) != whole);
    bytes[i] ^= 1 << (i % 8);
  }
  return 0;
}
