// How bytes come from flash: a queue of reads with completions. Two implementations (io_uring; a pool of pread threads
// where io_uring is not allowed) and, for tests, a wrapper that injects faults.
// Submission is serialized by the caller, and so is reaping; the two may run at the same time on different threads.
#pragma once
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace flash_slim {

struct ReadRequest {
  uint64_t tag;
  uint8_t* buffer;
  size_t size;  // offset, size and buffer are multiples of 4096 (O_DIRECT)
  uint64_t offset;
  int buffer_index;  // into the buffers given to MakeReader, -1 for other memory
};
struct ReadCompletion {
  uint64_t tag;
  int64_t result;  // bytes, or -errno
};

class Reader {
 public:
  virtual ~Reader() = default;
  virtual const char* name() const = 0;
  // Starts the reads. Returns 0 or -errno, in which case none of them was started.
  virtual int Submit(const ReadRequest* requests, size_t count) = 0;
  // Adds finished reads to `out`; with `wait`, sleeps until there is one (the caller knows that one is under way).
  virtual void Reap(bool wait, std::vector<ReadCompletion>* out) = 0;
};

struct ReaderOptions {
  std::string kind = "auto";  // auto | io_uring | pread
  int fd = -1;
  bool direct = true;          // whether fd was opened with O_DIRECT
  unsigned depth = 16;         // most reads under way at once
  std::vector<iovec> buffers;  // slots, registered with the kernel where it allows
};
// Throws Error READER_UNAVAILABLE when `io_uring` is asked for and not allowed.
std::unique_ptr<Reader> MakeReader(const ReaderOptions& options);

}  // namespace flash_slim
