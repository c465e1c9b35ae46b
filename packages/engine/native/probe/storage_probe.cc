#include "probe/storage_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "engine/memory_region.h"
#include "engine/reader.h"
#include "error.h"

namespace flash_slim {
namespace {

constexpr size_t kWriteBytes = 2 << 20;
constexpr size_t kMaxMemoryBytes = 256 << 20;

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// xorshift64 (Marsaglia 2003): random enough for any compressor.
uint64_t NextRandom(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

// A file that has no name, or loses it at once.
int OpenNameless(const std::string& directory) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {  // file systems without O_TMPFILE
    std::string name = directory + "/.flash-slim-probe-XXXXXX";
    const int named = mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) unlink(name.c_str());
    if (named >= 0) return named;
  }
  throw Error("DIRECTORY_UNWRITABLE", "cannot write a test file in " + directory + ": " + std::strerror(errno) +
                                          "; give another directory with --path, or a file to read with --file");
}

void RequireBlock(size_t block_bytes, uint64_t file_bytes) {
  if (block_bytes == 0 || block_bytes % kPageBytes != 0 || block_bytes > file_bytes)
    throw Error("INVALID_ARGUMENT", "cannot read blocks of " + std::to_string(block_bytes) + " bytes from a file of " +
                                        std::to_string(file_bytes) + ": a multiple of 4096 that fits is needed");
}

}  // namespace

std::unique_ptr<StorageProbe> StorageProbe::CreateIn(const std::string& directory) {
  const int fd = OpenNameless(directory);
  try {
    // Through /proc the nameless file is opened once more, past the page cache where the file system can.
    auto probe =
        std::unique_ptr<StorageProbe>(new StorageProbe(DirectFile::Open("/proc/self/fd/" + std::to_string(fd))));
    probe->write_fd_ = fd;
    return probe;
  } catch (...) {
    close(fd);
    throw;
  }
}

std::unique_ptr<StorageProbe> StorageProbe::Open(const std::string& path) {
  return std::unique_ptr<StorageProbe>(new StorageProbe(DirectFile::Open(path)));
}

StorageProbe::~StorageProbe() {
  if (write_fd_ >= 0) close(write_fd_);
}

bool StorageProbe::direct() const { return file_.direct(); }

void StorageProbe::Append(size_t bytes) {
  if (write_fd_ < 0) throw Error("INVALID_ARGUMENT", "an existing file is only read");
  MemoryRegion buffer(kWriteBytes, true, false);
  // Not through the page cache: these pages would count against a memory limit.
  if (file_.direct()) fcntl(write_fd_, F_SETFL, O_DIRECT);
  for (size_t done = 0; done < AlignUp(bytes, kWriteBytes);) {
    auto* words = reinterpret_cast<uint64_t*>(buffer.data());
    for (size_t i = 0; i < kWriteBytes / sizeof(uint64_t); i++) words[i] = NextRandom(&random_);
    const ssize_t written = pwrite(write_fd_, buffer.data(), kWriteBytes, off_t(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < ssize_t(kPageBytes)) {
      throw Error("WRITE_FAILED", std::string("writing the test file failed: ") +
                                      (written < 0 ? std::strerror(errno) : "the disk is full") +
                                      "; free some space, or give a file to read with --file");
    }
    size_ += AlignDown(size_t(written), kPageBytes);
    done += AlignDown(size_t(written), kPageBytes);
  }
  DropPageCache();
}

void StorageProbe::DropPageCache() const {
  if (file_.direct()) return;
  if (write_fd_ >= 0) fdatasync(write_fd_);
  posix_fadvise(file_.fd(), 0, 0, POSIX_FADV_DONTNEED);
}

double StorageProbe::Measure(const ReadPattern& pattern) {
  RequireBlock(pattern.block_bytes, size_);
  const unsigned depth = pattern.depth;
  if (depth == 0 || depth > kMaxMemoryBytes / pattern.block_bytes)
    throw Error("INVALID_ARGUMENT", std::to_string(depth) + " reads of " + std::to_string(pattern.block_bytes) +
                                        " bytes at once are not measured");
  DropPageCache();
  MemoryRegion memory(pattern.block_bytes * depth, pattern.huge_pages, true);
  ReaderOptions options{pattern.reader, file_.fd(), file_.direct(), depth, {}};
  for (unsigned i = 0; i < depth; i++)
    options.buffers.push_back({memory.data() + i * pattern.block_bytes, pattern.block_bytes});
  const auto reader = MakeReader(options);

  const uint64_t blocks = size_ / pattern.block_bytes;
  const auto next_read = [&](unsigned slot) {
    const uint64_t offset = next_block_++ % blocks * pattern.block_bytes;
    return ReadRequest{slot, memory.data() + slot * pattern.block_bytes, pattern.block_bytes, offset, int(slot)};
  };
  std::vector<ReadRequest> requests;
  for (unsigned slot = 0; slot < depth; slot++) requests.push_back(next_read(slot));
  const double start = Now();
  size_t under_way = 0;
  uint64_t bytes = 0;
  int64_t failure = 0;
  std::vector<ReadCompletion> completions;
  do {
    if (!requests.empty() && failure == 0) {
      failure = reader->Submit(requests.data(), requests.size());
      if (failure == 0) under_way += requests.size();
    }
    requests.clear();
    completions.clear();
    if (under_way > 0) reader->Reap(true, &completions);
    under_way -= completions.size();
    const bool go_on = Now() - start < pattern.seconds;
    for (const ReadCompletion& completion : completions) {
      if (completion.result != int64_t(pattern.block_bytes)) failure = completion.result < 0 ? completion.result : -EIO;
      bytes += pattern.block_bytes;
      if (go_on && failure == 0) requests.push_back(next_read(unsigned(completion.tag)));
    }
  } while (under_way > 0 || !requests.empty());
  // Only here: the reads under way had to end before their memory goes.
  if (failure != 0)
    throw Error("READ_FAILED", "reading " + file_.path() + " to measure it failed: " + std::strerror(int(-failure)));
  return double(bytes) / (Now() - start);
}

double StorageProbe::LatencyMs(size_t block_bytes, double seconds) {
  RequireBlock(block_bytes, size_);
  DropPageCache();
  MemoryRegion memory(block_bytes, false, true);
  std::vector<double> times;
  const double end = Now() + seconds;
  do {
    const double start = Now();
    file_.Read(memory.data(), block_bytes, NextRandom(&random_) % (size_ / block_bytes) * block_bytes);
    times.push_back(Now() - start);
  } while (Now() < end);
  std::nth_element(times.begin(), times.begin() + ptrdiff_t(times.size() / 2), times.end());
  return times[times.size() / 2] * 1e3;
}

}  // namespace flash_slim
