#include "cache/chunk_verifier.h"

#include <algorithm>

#include "cache/cache_chunk.h"
#include "cache/read_ahead.h"
#include "checksum/crc32c.h"
#include "error.h"

namespace flash_slim {
namespace {

constexpr size_t kPieceBytes = 2 << 20;

size_t UnitBytes(const StoredChunk& chunk) { return size_t(chunk.unit_row_blocks) * size_t(chunk.row_block_bytes); }

int64_t RowBlocksPerPiece(const StoredChunk& chunk) {
  return int64_t(std::max<size_t>(kPieceBytes / UnitBytes(chunk), 1)) * chunk.unit_row_blocks;
}

void Check(const StoredChunk& chunk, uint64_t file_bytes) {
  const bool in_bounds = chunk.row_blocks > 0 && chunk.row_block_bytes > 0 && chunk.unit_row_blocks > 0 &&
                         chunk.row_block_bytes <= kMaxUnitBytes &&
                         uint64_t(chunk.unit_row_blocks) <= kMaxUnitBytes / chunk.row_block_bytes &&
                         uint64_t(chunk.row_blocks) <= file_bytes / chunk.row_block_bytes &&
                         chunk.offset % kPageBytes == 0 && chunk.offset <= file_bytes &&
                         uint64_t(chunk.row_blocks) * chunk.row_block_bytes <= file_bytes - chunk.offset;
  const auto units = in_bounds ? uint64_t((chunk.row_blocks + chunk.unit_row_blocks - 1) / chunk.unit_row_blocks) : 0;
  if (!in_bounds || units != chunk.unit_crc32c.size()) {
    throw Error("CACHE_CORRUPT", "weight '" + chunk.name + "' has sizes that contradict each other or the file's");
  }
}

}  // namespace

void VerifyChunks(const DirectFile& cache, const std::vector<StoredChunk>& chunks, Job& job) {
  size_t largest = kPieceBytes;
  for (const StoredChunk& chunk : chunks) {
    Check(chunk, cache.size());
    largest = std::max(largest, UnitBytes(chunk));
  }
  size_t chunk_index = 0;
  int64_t next = 0;  // row block
  const auto cut = [&](Piece* piece) {
    if (chunk_index == chunks.size()) return false;
    const StoredChunk& chunk = chunks[chunk_index];
    piece->chunk = chunk_index;
    piece->row_block_begin = next;
    piece->row_block_end = next = std::min(next + RowBlocksPerPiece(chunk), chunk.row_blocks);
    piece->AddExtent(0, chunk.offset + uint64_t(piece->row_block_begin) * chunk.row_block_bytes,
                     size_t(next - piece->row_block_begin) * size_t(chunk.row_block_bytes));
    if (next == chunk.row_blocks) ++chunk_index, next = 0;
    return true;
  };
  ReadAhead pieces({&cache, 1}, cut, largest + 2 * kPageBytes, "CACHE_TRUNCATED", job);
  const uint8_t* buffer;
  while (const Piece* piece = pieces.Next(&buffer)) {
    job.ThrowIfCancelled();
    const StoredChunk& chunk = chunks[piece->chunk];
    const Extent& extent = piece->extents[0];
    const uint8_t* data = buffer + extent.buffer_offset;
    for (int64_t begin = piece->row_block_begin; begin < piece->row_block_end; begin += chunk.unit_row_blocks) {
      const int64_t end = std::min(begin + chunk.unit_row_blocks, chunk.row_blocks);
      const size_t bytes = size_t(end - begin) * size_t(chunk.row_block_bytes);
      if (Crc32c(data, bytes) != chunk.unit_crc32c[size_t(begin / chunk.unit_row_blocks)]) {
        throw Error("CACHE_CORRUPT", cache.path() + ": weight '" + chunk.name + "', row blocks " +
                                         std::to_string(begin) + " to " + std::to_string(end - 1) +
                                         " differ from their checksum");
      }
      data += bytes;
    }
    const uint8_t* page_end = buffer + piece->buffer_bytes();
    const bool at_end = piece->row_block_end == chunk.row_blocks;
    if (at_end && std::any_of(data, page_end, [](uint8_t byte) { return byte != 0; })) {
      throw Error("CACHE_CORRUPT", cache.path() + ": the padding after weight '" + chunk.name + "' is not zeros");
    }
    job.bytes_done += extent.size;
  }
}

}  // namespace flash_slim
