#include "io/direct_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "error.h"

namespace flash_slim {
namespace {

// Some file systems accept O_DIRECT at open and refuse it at the first read.
bool DirectReadWorks(int fd) {
  std::unique_ptr<void, decltype(&std::free)> page(std::aligned_alloc(kPageBytes, kPageBytes), &std::free);
  return page && pread(fd, page.get(), kPageBytes, 0) >= 0;
}

[[noreturn]] void ThrowUnreadable(const std::string& path, const std::string& why) {
  throw Error("FILE_UNREADABLE", "cannot read " + path + ": " + why);
}

// O_NONBLOCK lets opening a FIFO end in an error instead of waiting for a writer. It must not stay: io_uring gives up
// reads of such a descriptor that cannot be started at once.
int OpenForReading(const std::string& path, int extra_flags) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | extra_flags);
  if (fd >= 0) fcntl(fd, F_SETFL, extra_flags);
  return fd;
}

}  // namespace

DirectFile DirectFile::Open(const std::string& path) {
  DirectFile file;
  file.path_ = path;
  file.fd_ = OpenForReading(path, O_DIRECT);
  file.direct_ = file.fd_ >= 0;
  if (file.fd_ < 0 && errno == EINVAL) file.fd_ = OpenForReading(path, 0);
  if (file.fd_ < 0) ThrowUnreadable(path, std::strerror(errno));
  struct stat status;
  if (fstat(file.fd_, &status) != 0) ThrowUnreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) ThrowUnreadable(path, "not a regular file");
  file.size_ = uint64_t(status.st_size);
  if (file.direct_ && !DirectReadWorks(file.fd_)) {
    close(file.fd_);
    file.fd_ = OpenForReading(path, 0);
    if (file.fd_ < 0) ThrowUnreadable(path, std::strerror(errno));
    file.direct_ = false;
  }
  // Buffered: no readahead, which would leave pages behind that no Read here knows of.
  if (!file.direct_) posix_fadvise(file.fd_, 0, 0, POSIX_FADV_RANDOM);
  return file;
}

DirectFile::DirectFile(DirectFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), direct_(other.direct_), size_(other.size_), path_(std::move(other.path_)) {}

DirectFile& DirectFile::operator=(DirectFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  direct_ = other.direct_;
  size_ = other.size_;
  path_.swap(other.path_);
  return *this;
}

DirectFile::~DirectFile() {
  if (fd_ >= 0) close(fd_);
}

size_t DirectFile::Read(void* buffer, size_t size, uint64_t offset) const {
  size_t done = 0;
  while (done < size) {
    // After a short read go on from the last whole page: O_DIRECT takes no other offset. No progress is the file's end.
    const size_t from = AlignDown(done, kPageBytes);
    const ssize_t got = pread(fd_, static_cast<char*>(buffer) + from, size - from, off_t(offset + from));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error("READ_FAILED", "reading " + std::to_string(size) + " bytes at " + std::to_string(offset) + " of " +
                                     path_ + " failed: " + std::strerror(errno));
    }
    if (from + size_t(got) <= done) break;
    done = from + size_t(got);
  }
  if (!direct_) posix_fadvise(fd_, off_t(offset), off_t(size), POSIX_FADV_DONTNEED);
  return done;
}

}  // namespace flash_slim
