// How fast this storage reads, measured with the engine's own readers and memory: one call is one measurement, what to
// measure is the caller's choice.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "io/direct_file.h"

namespace flash_slim {

struct ReadPattern {
  size_t block_bytes;  // a multiple of kPageBytes, at most the file's size
  unsigned depth;      // reads under way
  bool huge_pages;
  std::string reader;  // io_uring | pread
  double seconds;      // started reads are waited for beyond that
};

class StorageProbe {
 public:
  // A file without a name in `directory`: nothing is left behind, however the process ends. Throws
  // DIRECTORY_UNWRITABLE.
  static std::unique_ptr<StorageProbe> CreateIn(const std::string& directory);
  // An existing file, which is only read. Throws FILE_UNREADABLE.
  static std::unique_ptr<StorageProbe> Open(const std::string& path);

  // Appends random bytes (storage may compress, or keep zeros nowhere). Throws WRITE_FAILED. Not for an existing file.
  void Append(size_t bytes);
  uint64_t size() const { return size_; }
  // Whether reads pass the page cache by.
  bool direct() const;

  // Bytes per second of reading on from where the last measurement stopped, round and round. Throws READ_FAILED,
  // READER_UNAVAILABLE, INVALID_ARGUMENT. One measurement at a time.
  double Measure(const ReadPattern& pattern);
  // Median milliseconds of single reads at random places, one after the other.
  double LatencyMs(size_t block_bytes, double seconds);

 private:
  explicit StorageProbe(DirectFile file) : file_(std::move(file)), size_(file_.size()) {}
  void DropPageCache() const;

  int write_fd_ = -1;
  DirectFile file_;
  uint64_t size_ = 0;
  uint64_t next_block_ = 0;
  uint64_t random_ = 0x9e3779b97f4a7c15;

 public:
  ~StorageProbe();
};

}  // namespace flash_slim
