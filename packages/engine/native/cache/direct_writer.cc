#include "cache/direct_writer.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "error.h"

namespace flash_slim {

DirectWriter::DirectWriter(const std::string& path) : path_(path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  fd_ = open(path.c_str(), kFlags | O_DIRECT, 0644);
  direct_ = fd_ >= 0;
  if (fd_ < 0 && errno == EINVAL) {
    unlink(path.c_str());  // some file systems create the file before they refuse the flag
    fd_ = open(path.c_str(), kFlags, 0644);
  }
  if (fd_ < 0) throw Error("OUTPUT_UNWRITABLE", "cannot create " + path + ": " + std::strerror(errno));
}

DirectWriter::~DirectWriter() {
  if (fd_ >= 0) close(fd_);
}

void DirectWriter::ThrowWriteError(const std::string& what, int error) const {
  if (error != ENOSPC && error != EDQUOT) {
    throw Error("WRITE_FAILED", what + " " + path_ + " failed: " + std::strerror(error));
  }
  throw Error("DISK_FULL", what + " " + path_ + " failed: " + std::strerror(error) + "; free some space and try again");
}

void DirectWriter::Reserve(uint64_t bytes) {
  struct statvfs space;
  const bool known = fstatvfs(fd_, &space) == 0 && space.f_blocks > 0;  // some network and memory file systems say 0
  const uint64_t free_bytes = known ? uint64_t(space.f_bavail) * space.f_frsize : UINT64_MAX;
  // Not posix_fallocate: where the file system cannot reserve, that writes zeros, which takes as long as the build.
  const bool reserved = fallocate(fd_, 0, 0, off_t(bytes)) == 0;
  const int error = reserved ? 0 : errno;
  if (reserved || ((error == EOPNOTSUPP || error == ENOSYS) && free_bytes >= bytes)) return;
  if (free_bytes < bytes) {
    throw Error("DISK_FULL", path_ + " needs " + std::to_string(bytes) + " bytes, " +
                                 std::to_string(bytes - free_bytes) +
                                 " more than are free there; free some space or choose another directory");
  }
  ThrowWriteError("reserving " + std::to_string(bytes) + " bytes for", error);
}

void DirectWriter::Write(const void* buffer, size_t size, uint64_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t put = pwrite(fd_, static_cast<const char*>(buffer) + done, size - done, off_t(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EINVAL && direct_) {
      // Accepted at open and refused here, as some file systems do, or after a short write that left the alignment.
      fcntl(fd_, F_SETFL, 0);
      direct_ = false;
      continue;
    }
    if (put < 0) ThrowWriteError("writing", errno);
    if (put == 0) ThrowWriteError("writing", EIO);
    done += size_t(put);
  }
  if (!direct_) {
    sync_file_range(fd_, off_t(offset), off_t(size),
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    posix_fadvise(fd_, off_t(offset), off_t(size), POSIX_FADV_DONTNEED);
  }
}

void DirectWriter::Sync(uint64_t bytes) {
  if (ftruncate(fd_, off_t(bytes)) != 0) ThrowWriteError("cutting", errno);
  if (fsync(fd_) != 0) ThrowWriteError("syncing", errno);
}

}  // namespace flash_slim
