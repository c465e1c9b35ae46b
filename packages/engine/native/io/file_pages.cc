#include "io/file_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <thread>

namespace flash_slim {

void DropBinaryPages(bool mapped) {
  std::set<std::string> files;
  std::ifstream smaps("/proc/self/smaps");
  uint64_t begin = 0;
  uint64_t end = 0;
  bool releasable = false;
  // A line "begin-end permissions offset device inode path", then lines "Field: n kB".
  for (std::string line; std::getline(smaps, line);) {
    uint64_t from = 0;
    uint64_t to = 0;
    char permissions[5] = "";
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, permissions) == 3) {
      const size_t path = line.find('/');
      begin = from;
      end = to;
      // Not code: a fault on code reads a whole readahead window whatever is advised (8 MB on some disks), so that giving back
      // 40 MB of it brought 44 MB of page cache in at the first pass, when residents had taken the room.
      releasable = mapped && path != std::string::npos && permissions[0] == 'r' && permissions[1] == '-' && permissions[2] == '-';
      if (path == std::string::npos) continue;
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_RANDOM);
      files.insert(line.substr(path));
    } else if (releasable && line.rfind("Anonymous:", 0) == 0) {
      // A page of the process's own (relocated data, made read-only since) is not in the file and would be lost.
      uint64_t own = 1;
      if (std::sscanf(line.c_str(), "Anonymous: %" SCNu64, &own) == 1 && own == 0)
        madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
  }
  // Told at once, Linux 6.18 leaves pages that were unmapped a moment ago, 30 MB of them; told again a little later, it drops them.
  for (int round = 0; round < 2; round++) {
    if (round > 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (const std::string& file : files) {
      // Never waits: a mapped device or a FIFO is none of our business, and opening one could hang.
      const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
      if (fd < 0) continue;
      posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
      close(fd);
    }
  }
}

void DropFilePages(int fd, off_t offset, off_t bytes) {
  sync_file_range(fd, offset, bytes,
                  SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  posix_fadvise(fd, offset, bytes, POSIX_FADV_DONTNEED);
}

}  // namespace flash_slim
