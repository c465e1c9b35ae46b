// A new file written past the page cache: O_DIRECT where the file system allows it, else buffered writes that are sent
// to the device and dropped from the page cache piece by piece.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "io/direct_file.h"

namespace flash_slim {

class DirectWriter {
 public:
  // Creates `path`, which must not exist. Throws Error OUTPUT_UNWRITABLE.
  explicit DirectWriter(const std::string& path);
  DirectWriter(const DirectWriter&) = delete;
  DirectWriter& operator=(const DirectWriter&) = delete;
  ~DirectWriter();

  bool direct() const { return direct_; }
  // Claims the disk space for `bytes`, so that a disk that is too small fails now and not after minutes. Throws Error
  // DISK_FULL, saying how many bytes are missing.
  void Reserve(uint64_t bytes);
  // All three are multiples of kPageBytes. Throws Error DISK_FULL or WRITE_FAILED. One thread at a time.
  void Write(const void* buffer, size_t size, uint64_t offset);
  // Cuts the file to `bytes` (gives back what was reserved in excess) and waits until it is on the device.
  void Sync(uint64_t bytes);

 private:
  [[noreturn]] void ThrowWriteError(const std::string& what, int error) const;

  int fd_ = -1;
  bool direct_ = false;
  std::string path_;
};

}  // namespace flash_slim
