// Lays the chunks of a weight cache out: rows from the model's files, rearranged, in order of use, with a checksum per
// unit.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "cache/cache_chunk.h"
#include "cache/direct_writer.h"
#include "cache/job.h"
#include "io/direct_file.h"

namespace flash_slim {

struct WrittenChunks {
  std::vector<std::vector<uint32_t>> unit_crc32c;       // by chunk
  std::vector<std::vector<ConversionError>> conversion;  // by chunk and tensor; zeros where a tensor stays as stored
};

// Writes the chunks, which lie one after the other (each offset is the end of the one before, rounded up to a page; the
// bytes between are zeros). The calling thread packs while two threads read
// and one writes: about 13 MB of memory for units of the usual size, whatever the model's. The job's bytes_done rises to
// the bytes written. Throws Error: what CacheChunk::Check, DirectFile and DirectWriter throw, SOURCE_INVALID for a
// weight that is no finite number, CANCELLED.
WrittenChunks WriteChunks(std::span<const DirectFile> sources, const std::vector<CacheChunk>& chunks,
                          DirectWriter& writer, Job& job);

}  // namespace flash_slim
