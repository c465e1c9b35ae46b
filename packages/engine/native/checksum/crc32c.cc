#include "checksum/crc32c.h"

#include <array>

#include "checksum/crc32c_streams.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace flash_slim {
namespace {

// Below this three streams do not earn back the two combinations.
constexpr size_t kThreeStreamBytes = 16384;
constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bit-reflected: bit 31 is x^0

// a * b mod the polynomial.
constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = b >> 1 ^ (b & 1 ? kPolynomial : 0);
  }
  return product;
}

// kPowers[i] = x^(8 * 2^i): what 2^i zero bytes multiply the register by.
constexpr auto kPowers = [] {
  std::array<uint32_t, 64> powers{};
  powers[0] = 1u << (31 - 8);
  for (int i = 1; i < 64; ++i) powers[i] = Multiply(powers[i - 1], powers[i - 1]);
  return powers;
}();

const crc32c::Stepper& ChooseStepper() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c::kSse42Stepper;
#elif defined(__aarch64__)
  constexpr unsigned long kHwcapCrc32 = 1 << 7;
  if (getauxval(AT_HWCAP) & kHwcapCrc32) return crc32c::kArmStepper;
#endif
  return crc32c::kTableStepper;
}

}  // namespace

uint32_t Crc32cCombine(uint32_t a, uint32_t b, uint64_t size_b) {
  for (int i = 0; size_b != 0; ++i, size_b >>= 1) {
    if (size_b & 1) a = Multiply(kPowers[i], a);
  }
  return a ^ b;
}

uint32_t Crc32c(const void* data, size_t size) {
  static const crc32c::Stepper& stepper = ChooseStepper();
  const auto* bytes = static_cast<const uint8_t*>(data);
  if (size < kThreeStreamBytes) return ~stepper.one(~0u, bytes, size);
  const size_t third = size / 24 * 8;
  uint32_t crc[3] = {~0u, ~0u, ~0u};
  stepper.three(crc, bytes, third);
  const uint32_t first_two = Crc32cCombine(~crc[0], ~crc[1], third);
  const uint32_t whole = Crc32cCombine(first_two, ~crc[2], third);
  return ~stepper.one(~whole, bytes + 3 * third, size - 3 * third);
}

}  // namespace flash_slim
