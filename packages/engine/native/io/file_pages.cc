#include "io/file_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>

namespace flash_slim {

void DropUnmappedFilePages() {
  std::set<std::string> files;
  std::ifstream maps("/proc/self/maps");
  // begin-end permissions offset device inode path
  for (std::string line; std::getline(maps, line);) {
    const size_t path = line.find('/');
    uint64_t begin = 0;
    uint64_t end = 0;
    if (path == std::string::npos || std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64, &begin, &end) != 2) continue;
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_RANDOM);
    files.insert(line.substr(path));
  }
  for (const std::string& file : files) {
    // Never waits: a mapped device or a FIFO is none of our business, and opening one could hang.
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) continue;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

void DropFilePages(int fd, off_t offset, off_t bytes) {
  sync_file_range(fd, offset, bytes,
                  SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  posix_fadvise(fd, offset, bytes, POSIX_FADV_DONTNEED);
}

}  // namespace flash_slim
