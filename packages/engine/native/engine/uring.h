// io_uring by its system calls alone: users' machines have the kernel's header, seldom liburing.
// Source: io_uring(7), <linux/io_uring.h>. Not thread safe; the owner locks submission and completion apart.
#pragma once
#include <linux/io_uring.h>
#include <sys/uio.h>

#include <atomic>
#include <cstdint>

namespace flash_slim {

class Uring {
 public:
  Uring() = default;
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;
  ~Uring();

  // False (errno set) where the kernel or a seccomp filter does not allow io_uring, as container runtimes do by default.
  bool Open(unsigned entries);
  // Pins `count` buffers for fixed reads; false where RLIMIT_MEMLOCK does not allow it.
  bool RegisterBuffers(const iovec* buffers, unsigned count);
  // Queues a read; `buffer_index` < 0 reads into unregistered memory. False when the queue is full.
  bool PrepareRead(int fd, void* buffer, unsigned size, uint64_t offset, int buffer_index, uint64_t tag);
  // Hands the queued reads to the kernel. Returns 0 or -errno.
  int Submit();
  // Takes one completion; false when there is none.
  bool Peek(uint64_t* tag, int32_t* result);
  // Sleeps until at least one completion is there. Returns 0 or -errno.
  int Wait();

 private:
  int fd_ = -1;
  void *sq_map_ = nullptr, *cq_map_ = nullptr;
  size_t sq_map_size_ = 0, cq_map_size_ = 0, sqes_size_ = 0;
  io_uring_sqe* sqes_ = nullptr;
  io_uring_cqe* cqes_ = nullptr;
  unsigned *sq_head_ = nullptr, *sq_tail_ = nullptr, *sq_array_ = nullptr, *cq_head_ = nullptr, *cq_tail_ = nullptr;
  unsigned sq_mask_ = 0, cq_mask_ = 0, sq_entries_ = 0, queued_ = 0;
};

}  // namespace flash_slim
