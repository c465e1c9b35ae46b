// Reads files piece by piece, ahead of whoever consumes the pieces in order.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "cache/job.h"
#include "engine/memory_region.h"
#include "io/direct_file.h"

namespace flash_slim {

// A range of a file, and where its first byte lies in the buffer: on the same place within a page as in the file.
struct Extent {
  size_t file;
  uint64_t offset;
  size_t size;
  size_t buffer_offset;
};

// Row blocks of one chunk, and the bytes they are made from.
struct Piece {
  size_t chunk = 0;
  int64_t row_block_begin = 0, row_block_end = 0;
  std::vector<Extent> extents;

  // Adds a range behind the others.
  void AddExtent(size_t file, uint64_t offset, size_t size);
  // Bytes of buffer that the extents need, whole pages.
  size_t buffer_bytes() const;
};

class ReadAhead {
 public:
  // `cut` yields the pieces in order, false after the last; it is called on the reading threads, one at a time.
  // `truncated_code` is the code of the Error where a file ends too early. The files, the job and what `cut` uses must
  // outlive this object.
  ReadAhead(std::span<const DirectFile> files, std::function<bool(Piece*)> cut, size_t buffer_bytes, std::string truncated_code,
            const Job& job);
  ~ReadAhead();

  // The next piece and its buffer, valid until the next call; null after the last. Throws what reading threw.
  const Piece* Next(const uint8_t** buffer);

 private:
  void ReadPieces();
  void ReadPiece(const Piece& piece, uint8_t* buffer);

  // With one read at a time beside one write the device idles: two gave twice the rate.
  static constexpr int kThreads = 2;
  static constexpr int kBuffers = 4;
  const std::span<const DirectFile> files_;
  const std::function<bool(Piece*)> cut_;
  const size_t buffer_bytes_;
  const std::string truncated_code_;
  const Job& job_;
  MemoryRegion memory_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_. Piece n lies in slot n % kBuffers; pieces [taken_, cut_count_) are being read or are full.
  struct Slot {
    Piece piece;
    bool full = false;
    std::exception_ptr failure;
  } slots_[kBuffers];
  uint64_t cut_count_ = 0, taken_ = 0;
  bool held_ = false;   // the consumer still uses piece taken_
  bool ended_ = false;  // no piece is cut any more: after the last, after a failure, at destruction
  std::vector<std::thread> threads_;
};

}  // namespace flash_slim
