// A file read past the page cache: O_DIRECT where the file system allows it, else buffered reads whose pages are dropped
// again (posix_fadvise), so that neither way charges page cache to the memory budget for long.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace flash_slim {

constexpr size_t kPageBytes = 4096;  // alignment of offsets, sizes and buffers for O_DIRECT
constexpr size_t AlignUp(size_t value, size_t to) { return (value + to - 1) / to * to; }
constexpr size_t AlignDown(size_t value, size_t to) { return value / to * to; }

class DirectFile {
 public:
  // Throws Error (error.h) with code FILE_UNREADABLE.
  static DirectFile Open(const std::string& path);
  DirectFile(DirectFile&&) noexcept;
  DirectFile& operator=(DirectFile&&) noexcept;
  ~DirectFile();

  int fd() const { return fd_; }
  bool direct() const { return direct_; }
  uint64_t size() const { return size_; }  // at open
  const std::string& path() const { return path_; }

  // Reads [offset, offset + size) into `buffer`; all three are multiples of kPageBytes. Returns the bytes read: fewer
  // only at the end of the file. Retries short reads and EINTR. Throws Error READ_FAILED with errno's text. Any thread.
  size_t Read(void* buffer, size_t size, uint64_t offset) const;

 private:
  DirectFile() = default;
  int fd_ = -1;
  bool direct_ = false;
  uint64_t size_ = 0;
  std::string path_;
};

}  // namespace flash_slim
