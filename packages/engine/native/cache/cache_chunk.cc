#include "cache/cache_chunk.h"

#include <algorithm>

#include "error.h"
#include "io/direct_file.h"

namespace flash_slim {
namespace {

constexpr int64_t BlocksOf(int64_t rows) { return (rows + kRowsPerBlock - 1) / kRowsPerBlock; }

}  // namespace

void CacheChunk::Check(const std::vector<uint64_t>& file_bytes) const {
  const auto bad = [this](const std::string& why) { throw Error("BAD_CHUNK", "weight '" + name + "': " + why); };
  if (!IsKnown(kind)) bad("unknown kind " + std::to_string(int(kind)));
  if (columns <= 0 || columns % ShapeOf(kind).values != 0) {
    bad(std::to_string(columns) + " columns, which is not a multiple of " + std::to_string(ShapeOf(kind).values));
  }
  if (uint64_t(columns) > kMaxUnitBytes || unit_row_blocks < 1 ||
      uint64_t(unit_row_blocks) > kMaxUnitBytes / row_block_bytes()) {
    bad("units of " + std::to_string(unit_row_blocks) + " row blocks with " + std::to_string(columns) +
        " columns pass the limit of " + std::to_string(kMaxUnitBytes) + " bytes");
  }
  if (offset % kPageBytes != 0) bad("offset " + std::to_string(offset) + " is not a multiple of 4096");
  if (tensors.empty() || tensors.size() > kMaxTensorsPerChunk) bad(std::to_string(tensors.size()) + " tensors");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const SourceTensor& tensor = tensors[i];
    const bool blocks = tensor.form == SourceForm::kBlocks;
    if (blocks ? !tensor.blocks.FitsKind(kind, columns) : !CanConvert(tensor.form, kind)) {
      bad("form " + std::to_string(int(tensor.form)) + " cannot become kind " + std::to_string(int(kind)));
    }
    const std::vector<SourcePart> all = parts(i);
    const size_t row_bytes = all[0].row_bytes;
    if (tensor.rows < 1 || tensor.bytes % row_bytes != 0 || tensor.bytes / row_bytes != uint64_t(tensor.rows)) {
      bad(std::to_string(tensor.rows) + " rows of " + std::to_string(row_bytes) + " bytes do not make a tensor of " +
          std::to_string(tensor.bytes) + " bytes");
    }
    for (const SourcePart& part : all) {
      if (part.file >= file_bytes.size()) bad("there is no file " + std::to_string(part.file));
      const uint64_t has = file_bytes[part.file];
      // No part's rows are longer than the first's, whose product with the rows was checked.
      const uint64_t bytes = part.row_bytes * uint64_t(tensor.rows);
      if (bytes > has || part.offset > has - bytes) {
        throw Error("SOURCE_TRUNCATED", "weight '" + name + "' lies at bytes " + std::to_string(part.offset) + " to " +
                                            std::to_string(part.offset + bytes) + " of a model file that has only " +
                                            std::to_string(has) + "; get the model again");
      }
    }
    if (alternating && tensor.rows != tensors[0].rows) bad("tensors that alternate differ in rows");
  }
}

std::vector<SourcePart> CacheChunk::parts(size_t index) const {
  const SourceTensor& tensor = tensors[index];
  if (tensor.form != SourceForm::kBlocks) {
    return {{tensor.file, tensor.offset, SourceFormRowBytes(tensor.form, kind, columns)}};
  }
  std::vector<SourcePart> all = {{tensor.file, tensor.offset, tensor.blocks.QuantRowBytes(columns)},
                                 {tensor.scale_file, tensor.scale_offset, tensor.blocks.ScaleRowBytes(columns)}};
  if (tensor.blocks.has_zero_points) {
    all.push_back({tensor.zero_point_file, tensor.zero_point_offset, tensor.blocks.ZeroPointRowBytes(columns)});
  }
  return all;
}

int64_t CacheChunk::rows() const {
  int64_t sum = 0;
  for (const SourceTensor& tensor : tensors) sum += tensor.rows;
  return sum;
}

int64_t CacheChunk::row_blocks() const {
  return alternating ? int64_t(tensors.size()) * BlocksOf(tensors[0].rows) : BlocksOf(rows());
}

std::vector<SourceRows> RowsOfBlocks(const CacheChunk& chunk, int64_t begin, int64_t end) {
  std::vector<SourceRows> runs;
  const auto count = int64_t(chunk.tensors.size());
  int64_t rows_before = 0;  // of the tensors before this one, which precede it where they do not alternate
  for (int64_t t = 0; t < count; ++t) {
    const int64_t rows = chunk.tensors[size_t(t)].rows;
    int64_t first = begin * kRowsPerBlock - rows_before, last = end * kRowsPerBlock - rows_before;
    if (chunk.alternating) {
      // Row block q * count + t holds rows 8q and up of tensor t: q runs over [ceil((begin - t) / count), same of end).
      first = (begin - t + count - 1) / count * kRowsPerBlock;
      last = (end - t + count - 1) / count * kRowsPerBlock;
    }
    first = std::max<int64_t>(first, 0);
    last = std::min(last, rows);
    if (first < last) runs.push_back({size_t(t), first, last - first});
    rows_before += rows;
  }
  return runs;
}

}  // namespace flash_slim
