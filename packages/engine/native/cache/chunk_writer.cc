#include "cache/chunk_writer.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "cache/read_ahead.h"
#include "cache/write_behind.h"
#include "checksum/crc32c.h"
#include "error.h"

namespace flash_slim {
namespace {

// Bytes read and written at once: enough for a disk's full speed, and a slow card (20 MB/s) is still cancelled in 100
// ms.
constexpr size_t kPieceBytes = 2 << 20;
constexpr size_t kMostParts = 3;  // of a tensor: quants, scales, zero points

// Yields the chunks' row blocks in pieces of whole units, about kPieceBytes each.
class PieceCutter {
 public:
  explicit PieceCutter(const std::vector<CacheChunk>& chunks) : chunks_(chunks) {}

  bool operator()(Piece* piece) {
    if (chunk_ == chunks_.size()) return false;
    const CacheChunk& chunk = chunks_[chunk_];
    piece->chunk = chunk_;
    piece->row_block_begin = next_;
    piece->row_block_end = next_ = std::min(next_ + RowBlocksPerPiece(chunk), chunk.row_blocks());
    for (const SourceRows& run : RowsOfBlocks(chunk, piece->row_block_begin, piece->row_block_end)) {
      for (const SourcePart& part : chunk.parts(run.tensor)) {
        piece->AddExtent(part.file, part.offset + uint64_t(run.first_row) * part.row_bytes,
                         size_t(run.rows) * part.row_bytes);
      }
    }
    if (next_ == chunk.row_blocks()) ++chunk_, next_ = 0;
    return true;
  }

  // Each part of a tensor's run may begin and end within a page.
  size_t LargestPieceBytes() const {
    size_t most = 0;
    for (const CacheChunk& chunk : chunks_) {
      const size_t rows = size_t(RowBlocksPerPiece(chunk)) * kRowsPerBlock;
      most = std::max(most, rows * LargestRowBytes(chunk) + 2 * kPageBytes * kMostParts * chunk.tensors.size());
    }
    return most;
  }

 private:
  static size_t LargestRowBytes(const CacheChunk& chunk) {
    size_t most = 0;
    for (size_t i = 0; i < chunk.tensors.size(); ++i) {
      size_t row = 0;
      for (const SourcePart& part : chunk.parts(i)) row += part.row_bytes;
      most = std::max(most, row);
    }
    return most;
  }
  static int64_t RowBlocksPerPiece(const CacheChunk& chunk) {
    const size_t unit_bytes = size_t(chunk.unit_row_blocks) * kRowsPerBlock * LargestRowBytes(chunk);
    return int64_t(std::max<size_t>(kPieceBytes / unit_bytes, 1)) * chunk.unit_row_blocks;
  }

  const std::vector<CacheChunk>& chunks_;
  size_t chunk_ = 0;
  int64_t next_ = 0;  // row block
};

// Packs row blocks of one piece.
class Packer {
 public:
  Packer(const CacheChunk& chunk, const Piece& piece, const uint8_t* buffer, std::vector<ConversionError>* errors)
      : chunk_(chunk),
        errors_(*errors),
        row_bytes_(SourceRowBytes(chunk.kind, chunk.columns)),
        rows_(chunk.tensors.size()) {
    const std::vector<SourceRows> runs = RowsOfBlocks(chunk, piece.row_block_begin, piece.row_block_end);
    size_t extent = 0;
    for (const SourceRows& run : runs) {
      TensorRows& rows = rows_[run.tensor];
      rows.parts = chunk.parts(run.tensor);
      rows.first_row = run.first_row;
      for (size_t p = 0; p < rows.parts.size(); ++p) rows.data[p] = buffer + piece.extents[extent++].buffer_offset;
    }
  }

  void Pack(int64_t row_block, uint8_t* out) {
    const std::vector<SourceRows> runs = RowsOfBlocks(chunk_, row_block, row_block + 1);
    if (runs.size() == 1 && chunk_.tensors[runs[0].tensor].form == SourceForm::kAsStored) {
      PackRowBlock(chunk_.kind, chunk_.columns, RowAt(runs[0], 0), row_bytes_, int(runs[0].rows), out);
      return;
    }
    // Rows are converted, or the end of one tensor and the beginning of the next share the block.
    joined_.resize(kRowsPerBlock * row_bytes_);
    uint8_t* row = joined_.data();
    for (const SourceRows& run : runs) {
      for (int64_t i = 0; i < run.rows; ++i, row += row_bytes_) CopyRow(run, i, row);
    }
    PackRowBlock(chunk_.kind, chunk_.columns, joined_.data(), row_bytes_, int((row - joined_.data()) / row_bytes_), out);
  }

 private:
  struct TensorRows {
    std::vector<SourcePart> parts;
    const uint8_t* data[kMostParts] = {};  // of each part: its rows from first_row on
    int64_t first_row = 0;
  };
  const uint8_t* RowAt(const SourceRows& run, int64_t index, size_t part = 0) const {
    const TensorRows& rows = rows_[run.tensor];
    if (part >= rows.parts.size()) return nullptr;
    return rows.data[part] + size_t(run.first_row + index - rows.first_row) * rows.parts[part].row_bytes;
  }
  void CopyRow(const SourceRows& run, int64_t index, uint8_t* out) {
    const SourceTensor& tensor = chunk_.tensors[run.tensor];
    const uint8_t* source = RowAt(run, index);
    bool finite = true;
    if (tensor.form == SourceForm::kAsStored)
      std::memcpy(out, source, row_bytes_);
    else if (tensor.form == SourceForm::kBlocks)
      finite = tensor.blocks.Join(chunk_.kind, chunk_.columns, source, RowAt(run, index, 1), RowAt(run, index, 2), out);
    else
      finite = ConvertRow(tensor.form, chunk_.kind, chunk_.columns, source, out, &errors_[run.tensor]);
    if (!finite) {
      throw Error("SOURCE_INVALID", "weight '" + chunk_.name + "': row " + std::to_string(run.first_row + index) +
                                        " of its tensor " + std::to_string(run.tensor) +
                                        " holds a value that is not finite, or too large; get the model again");
    }
  }

  const CacheChunk& chunk_;
  std::vector<ConversionError>& errors_;  // by tensor
  const size_t row_bytes_;                // of a row as the kind stores it
  std::vector<TensorRows> rows_;          // by tensor: its rows in this piece
  std::vector<uint8_t> joined_;
};

// Appends to the file through the two buffers of a WriteBehind.
class Appender {
 public:
  Appender(DirectWriter& writer, uint64_t offset, size_t largest_append, Job& job)
      : behind_(writer, kPieceBytes + largest_append + kPageBytes, job), offset_(offset) {}

  // Room for the next bytes; Advance says how many were filled in.
  uint8_t* end() const { return behind_.buffer() + filled_; }
  void Advance(size_t bytes) {
    filled_ += bytes;
    if (filled_ >= kPieceBytes) WriteWholePages();
  }
  void PadToPage() {
    const size_t pad = AlignUp(filled_, kPageBytes) - filled_;
    std::memset(end(), 0, pad);
    Advance(pad);
  }
  uint64_t position() const { return offset_ + filled_; }
  // After PadToPage.
  void Finish() {
    WriteWholePages();
    behind_.Flush();
  }

 private:
  void WriteWholePages() {
    const size_t whole = AlignDown(filled_, kPageBytes);
    if (whole == 0) return;
    const uint8_t* written = behind_.buffer();
    behind_.Submit(whole, offset_);
    std::memcpy(behind_.buffer(), written + whole, filled_ - whole);
    offset_ += whole;
    filled_ -= whole;
  }

  WriteBehind behind_;
  uint64_t offset_;    // in the file, of the buffer's first byte
  size_t filled_ = 0;  // bytes of the buffer
};

}  // namespace

WrittenChunks WriteChunks(std::span<const DirectFile> sources, const std::vector<CacheChunk>& chunks,
                          DirectWriter& writer, Job& job) {
  std::vector<uint64_t> file_bytes;
  for (const DirectFile& source : sources) file_bytes.push_back(source.size());
  size_t largest_unit = 0;
  for (const CacheChunk& chunk : chunks) {
    chunk.Check(file_bytes);
    largest_unit = std::max(largest_unit, chunk.unit_bytes());
  }
  WrittenChunks written{std::vector<std::vector<uint32_t>>(chunks.size()), {}};
  for (const CacheChunk& chunk : chunks) written.conversion.emplace_back(chunk.tensors.size());
  if (chunks.empty()) return written;

  PieceCutter cutter(chunks);
  Appender out(writer, chunks[0].offset, largest_unit, job);
  ReadAhead pieces(sources, cutter, cutter.LargestPieceBytes(), "SOURCE_TRUNCATED", job);
  const uint8_t* buffer;
  while (const Piece* piece = pieces.Next(&buffer)) {
    job.ThrowIfCancelled();
    const CacheChunk& chunk = chunks[piece->chunk];
    if (piece->row_block_begin == 0 && out.position() != chunk.offset) {
      throw Error("BAD_CHUNK", "weight '" + chunk.name + "': offset " + std::to_string(chunk.offset) +
                                   " does not follow the chunk before, which ends at " +
                                   std::to_string(out.position()));
    }
    Packer packer(chunk, *piece, buffer, &written.conversion[piece->chunk]);
    for (int64_t unit = piece->row_block_begin; unit < piece->row_block_end; unit += chunk.unit_row_blocks) {
      const int64_t end = std::min(unit + chunk.unit_row_blocks, piece->row_block_end);
      uint8_t* packed = out.end();
      for (int64_t rb = unit; rb < end; ++rb) packer.Pack(rb, packed + size_t(rb - unit) * chunk.row_block_bytes());
      const size_t bytes = size_t(end - unit) * chunk.row_block_bytes();
      written.unit_crc32c[piece->chunk].push_back(Crc32c(packed, bytes));
      out.Advance(bytes);
    }
    if (piece->row_block_end == chunk.row_blocks()) out.PadToPage();
  }
  out.Finish();
  return written;
}

}  // namespace flash_slim
