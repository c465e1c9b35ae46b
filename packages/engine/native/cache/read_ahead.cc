#include "cache/read_ahead.h"

#include "error.h"

namespace flash_slim {

void Piece::AddExtent(size_t file, uint64_t offset, size_t size) {
  extents.push_back({file, offset, size, buffer_bytes() + size_t(offset % kPageBytes)});
}

size_t Piece::buffer_bytes() const {
  return extents.empty() ? 0 : AlignUp(extents.back().buffer_offset + extents.back().size, kPageBytes);
}

ReadAhead::ReadAhead(std::span<const DirectFile> files, std::function<bool(Piece*)> cut, size_t buffer_bytes,
                     std::string truncated_code, const Job& job)
    : files_(files),
      cut_(std::move(cut)),
      buffer_bytes_(AlignUp(buffer_bytes, kPageBytes)),
      truncated_code_(std::move(truncated_code)),
      job_(job),
      memory_(kBuffers * buffer_bytes_, /*huge_pages=*/true, /*touch=*/false) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { ReadPieces(); });
}

ReadAhead::~ReadAhead() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

const Piece* ReadAhead::Next(const uint8_t** buffer) {
  std::unique_lock lock(mutex_);
  if (held_) {
    slots_[taken_++ % kBuffers].full = held_ = false;
    changed_.notify_all();
  }
  Slot& slot = slots_[taken_ % kBuffers];
  changed_.wait(lock, [&] { return slot.full || (ended_ && taken_ == cut_count_); });
  if (!slot.full) return nullptr;
  if (slot.failure) std::rethrow_exception(slot.failure);
  held_ = true;
  *buffer = memory_.data() + taken_ % kBuffers * buffer_bytes_;
  return &slot.piece;
}

void ReadAhead::ReadPieces() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ended_ || cut_count_ - taken_ < kBuffers; });
    if (ended_) return;
    const uint64_t index = cut_count_ % kBuffers;
    Slot& slot = slots_[index];
    slot.piece = Piece();
    if (!cut_(&slot.piece)) break;
    ++cut_count_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      ReadPiece(slot.piece, memory_.data() + index * buffer_bytes_);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    slot.failure = failure;
    slot.full = true;
    if (failure) break;
    changed_.notify_all();
  }
  ended_ = true;
  changed_.notify_all();
}

void ReadAhead::ReadPiece(const Piece& piece, uint8_t* buffer) {
  if (piece.buffer_bytes() > buffer_bytes_) throw Error("INTERNAL", "a piece is larger than its buffer");
  for (const Extent& extent : piece.extents) {
    job_.ThrowIfCancelled();
    const size_t lead = extent.offset % kPageBytes;
    const DirectFile& file = files_[extent.file];
    const size_t got =
        file.Read(buffer + extent.buffer_offset - lead, AlignUp(lead + extent.size, kPageBytes), extent.offset - lead);
    if (got < lead + extent.size) {
      throw Error(truncated_code_, file.path() + " ends at byte " + std::to_string(extent.offset - lead + got) +
                                       ", before byte " + std::to_string(extent.offset + extent.size) +
                                       " was read: it was truncated");
    }
  }
}

}  // namespace flash_slim
