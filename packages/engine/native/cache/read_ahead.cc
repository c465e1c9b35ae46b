#include "cache/read_ahead.h"

#include "error.h"

namespace flash_slim {

void Piece::AddExtent(uint64_t offset, size_t size) {
  extents.push_back({offset, size, buffer_bytes() + size_t(offset % kPageBytes)});
}

size_t Piece::buffer_bytes() const {
  return extents.empty() ? 0 : AlignUp(extents.back().buffer_offset + extents.back().size, kPageBytes);
}

ReadAhead::ReadAhead(const DirectFile& file, std::function<bool(Piece*)> cut, size_t buffer_bytes,
                     std::string truncated_code, const Job& job)
    : file_(file),
      cut_(std::move(cut)),
      buffer_bytes_(AlignUp(buffer_bytes, kPageBytes)),
      truncated_code_(std::move(truncated_code)),
      job_(job),
      memory_(kBuffers * buffer_bytes_, /*huge_pages=*/true, /*touch=*/false) {
  thread_ = std::thread([this] { ReadPieces(); });
}

ReadAhead::~ReadAhead() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

const Piece* ReadAhead::Next(const uint8_t** buffer) {
  std::unique_lock lock(mutex_);
  if (held_) ++taken_, held_ = false;
  changed_.notify_all();
  changed_.wait(lock, [this] { return taken_ < read_ || ended_; });
  if (taken_ == read_) {
    if (failure_) std::rethrow_exception(failure_);
    return nullptr;
  }
  held_ = true;
  *buffer = memory_.data() + taken_ % kBuffers * buffer_bytes_;
  return &pieces_[taken_ % kBuffers];
}

void ReadAhead::ReadPieces() {
  std::exception_ptr failure;
  try {
    for (Piece piece; cut_(&piece); piece = Piece()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return read_ - taken_ < kBuffers || stopped_; });
      if (stopped_) break;
      const size_t slot = read_ % kBuffers;
      lock.unlock();
      ReadPiece(piece, memory_.data() + slot * buffer_bytes_);
      lock.lock();
      pieces_[slot] = std::move(piece);
      ++read_;
      changed_.notify_all();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  std::lock_guard lock(mutex_);
  failure_ = failure;
  ended_ = true;
  changed_.notify_all();
}

void ReadAhead::ReadPiece(const Piece& piece, uint8_t* buffer) {
  if (piece.buffer_bytes() > buffer_bytes_) throw Error("INTERNAL", "a piece is larger than its buffer");
  for (const Extent& extent : piece.extents) {
    job_.ThrowIfCancelled();
    const size_t lead = extent.offset % kPageBytes;
    const size_t got =
        file_.Read(buffer + extent.buffer_offset - lead, AlignUp(lead + extent.size, kPageBytes), extent.offset - lead);
    if (got < lead + extent.size) {
      throw Error(truncated_code_, file_.path() + " ends at byte " + std::to_string(extent.offset - lead + got) +
                                       ", before byte " + std::to_string(extent.offset + extent.size) +
                                       " was read: it was truncated");
    }
  }
}

}  // namespace flash_slim
