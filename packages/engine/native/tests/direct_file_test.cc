#include "io/direct_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "error.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

std::string MakeDirectory() {
  // Not /tmp alone: it may be a tmpfs, where O_DIRECT and the page cache mean something else.
  const char* base = std::getenv("TMPDIR");
  std::string name = std::string(base ? base : ".") + "/direct_file_test.XXXXXX";
  CHECK(mkdtemp(name.data()) != nullptr);
  return name;
}

void Write(const std::string& path, const std::vector<unsigned char>& bytes) {
  FILE* file = std::fopen(path.c_str(), "wb");
  CHECK(file && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() && std::fflush(file) == 0);
  CHECK(fsync(fileno(file)) == 0 && std::fclose(file) == 0);
}

std::string CodeOfOpen(const std::string& path) {
  try {
    DirectFile::Open(path);
  } catch (const Error& error) {
    return error.code();
  }
  return "none";
}

// Pages of the file's first `size` bytes that are in the page cache.
size_t CachedPages(int fd, size_t size) {
  void* map = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  CHECK(map != MAP_FAILED);
  std::vector<unsigned char> present(size / kPageBytes);
  CHECK(mincore(map, size, present.data()) == 0);
  munmap(map, size);
  size_t count = 0;
  for (unsigned char p : present) count += p & 1;
  return count;
}

}  // namespace

int main() {
  const std::string directory = MakeDirectory();
  const std::string path = directory + "/file";
  std::vector<unsigned char> bytes(5 * kPageBytes + 123);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = (unsigned char)(i * 31 + i / 4096);
  Write(path, bytes);
  auto* buffer = static_cast<unsigned char*>(std::aligned_alloc(kPageBytes, 16 * kPageBytes));

  DirectFile file = DirectFile::Open(path);
  CHECK(file.size() == bytes.size() && file.path() == path);
  // In the middle, over the end, past the end.
  CHECK(file.Read(buffer, 2 * kPageBytes, kPageBytes) == 2 * kPageBytes);
  CHECK(std::memcmp(buffer, bytes.data() + kPageBytes, 2 * kPageBytes) == 0);
  CHECK(file.Read(buffer, 16 * kPageBytes, 0) == bytes.size());
  CHECK(std::memcmp(buffer, bytes.data(), bytes.size()) == 0);
  CHECK(file.Read(buffer, kPageBytes, 5 * kPageBytes) == 123);
  CHECK(file.Read(buffer, kPageBytes, 8 * kPageBytes) == 0);

  // Reading leaves no page cache behind that was not there before.
  posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
  if (CachedPages(file.fd(), 5 * kPageBytes) == 0) {
    file.Read(buffer, 16 * kPageBytes, 0);
    CHECK(CachedPages(file.fd(), 5 * kPageBytes) == 0);
  } else {
    std::printf("page cache not checked: this file system keeps its pages (tmpfs?)\n");
  }

  // The file shrinks while open: fewer bytes, no error, no wait.
  CHECK(truncate(path.c_str(), kPageBytes) == 0);
  CHECK(file.Read(buffer, 4 * kPageBytes, 0) == kPageBytes);

  DirectFile moved = std::move(file);
  CHECK(file.fd() == -1 && moved.fd() >= 0);

  CHECK(CodeOfOpen(directory + "/absent") == "FILE_UNREADABLE");
  CHECK(CodeOfOpen(directory) == "FILE_UNREADABLE");
  CHECK(mkfifo((directory + "/fifo").c_str(), 0600) == 0);
  CHECK(CodeOfOpen(directory + "/fifo") == "FILE_UNREADABLE");

  std::free(buffer);
  unlink((directory + "/fifo").c_str());
  unlink(path.c_str());
  rmdir(directory.c_str());
  return 0;
}
