// crc32c (Castagnoli, RFC 3720), with the CPU's instruction where there is one.
#pragma once
#include <cstddef>
#include <cstdint>

namespace flash_slim {

// crc32c of `size` bytes. Runs three independent streams over thirds (one alone is bound by the instruction's latency)
// and combines them.
uint32_t Crc32c(const void* data, size_t size);
// crc32c of A followed by B, from both sums and B's length.
uint32_t Crc32cCombine(uint32_t a, uint32_t b, uint64_t size_b);

}  // namespace flash_slim
