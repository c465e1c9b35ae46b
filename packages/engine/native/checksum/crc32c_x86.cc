// Compiled with -msse4.2; runs only where the CPU has it.
#include <nmmintrin.h>

#include <cstdint>

namespace flash_slim::crc32c {
namespace {
inline uint32_t Step8(uint32_t crc, uint64_t word) { return uint32_t(_mm_crc32_u64(crc, word)); }
inline uint32_t Step1(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }
}  // namespace
}  // namespace flash_slim::crc32c

#include "checksum/crc32c_instruction.h"

namespace flash_slim::crc32c {
const Stepper kSse42Stepper = {StepOne, StepThree};
}
