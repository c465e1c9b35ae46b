#include "engine/uring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace flash_slim {
namespace {

unsigned LoadAcquire(const unsigned* p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
void StoreRelease(unsigned* p, unsigned v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
template <class T>
T* At(void* base, uint32_t offset) {
  return reinterpret_cast<T*>(static_cast<char*>(base) + offset);
}

}  // namespace

Uring::~Uring() {
  if (sqes_) munmap(sqes_, sqes_size_);
  if (cq_map_ && cq_map_ != sq_map_) munmap(cq_map_, cq_map_size_);
  if (sq_map_) munmap(sq_map_, sq_map_size_);
  if (fd_ >= 0) close(fd_);
}

bool Uring::Open(unsigned entries) {
  io_uring_params params{};
  fd_ = static_cast<int>(syscall(SYS_io_uring_setup, entries, &params));
  if (fd_ < 0) return false;
  sq_map_size_ = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  cq_map_size_ = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  const bool single = params.features & IORING_FEAT_SINGLE_MMAP;
  if (single) sq_map_size_ = cq_map_size_ = sq_map_size_ > cq_map_size_ ? sq_map_size_ : cq_map_size_;
  const int protection = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;
  void* sq = mmap(nullptr, sq_map_size_, protection, flags, fd_, IORING_OFF_SQ_RING);
  if (sq == MAP_FAILED) return false;
  sq_map_ = sq;
  void* cq = single ? sq : mmap(nullptr, cq_map_size_, protection, flags, fd_, IORING_OFF_CQ_RING);
  if (cq == MAP_FAILED) return false;
  cq_map_ = cq;
  sqes_size_ = params.sq_entries * sizeof(io_uring_sqe);
  void* sqes = mmap(nullptr, sqes_size_, protection, flags, fd_, IORING_OFF_SQES);
  if (sqes == MAP_FAILED) return false;
  sqes_ = static_cast<io_uring_sqe*>(sqes);
  sq_head_ = At<unsigned>(sq, params.sq_off.head);
  sq_tail_ = At<unsigned>(sq, params.sq_off.tail);
  sq_array_ = At<unsigned>(sq, params.sq_off.array);
  sq_mask_ = *At<unsigned>(sq, params.sq_off.ring_mask);
  sq_entries_ = params.sq_entries;
  cq_head_ = At<unsigned>(cq, params.cq_off.head);
  cq_tail_ = At<unsigned>(cq, params.cq_off.tail);
  cq_mask_ = *At<unsigned>(cq, params.cq_off.ring_mask);
  cqes_ = At<io_uring_cqe>(cq, params.cq_off.cqes);
  return true;
}

bool Uring::RegisterBuffers(const iovec* buffers, unsigned count) {
  return syscall(SYS_io_uring_register, fd_, IORING_REGISTER_BUFFERS, buffers, count) == 0;
}

bool Uring::PrepareRead(int fd, void* buffer, unsigned size, uint64_t offset, int buffer_index, uint64_t tag) {
  const unsigned tail = *sq_tail_;
  if (tail - LoadAcquire(sq_head_) >= sq_entries_) return false;
  const unsigned index = tail & sq_mask_;
  io_uring_sqe& entry = sqes_[index];
  std::memset(&entry, 0, sizeof entry);
  entry.opcode = buffer_index < 0 ? IORING_OP_READ : IORING_OP_READ_FIXED;
  entry.fd = fd;
  entry.addr = reinterpret_cast<uintptr_t>(buffer);
  entry.len = size;
  entry.off = offset;
  if (buffer_index >= 0) entry.buf_index = static_cast<uint16_t>(buffer_index);
  entry.user_data = tag;
  sq_array_[index] = index;
  StoreRelease(sq_tail_, tail + 1);
  queued_++;
  return true;
}

int Uring::Submit() {
  while (queued_ > 0) {
    const long submitted = syscall(SYS_io_uring_enter, fd_, queued_, 0, 0, nullptr, 0);
    if (submitted < 0) {
      if (errno == EINTR || errno == EAGAIN || errno == EBUSY) continue;
      return -errno;
    }
    queued_ -= static_cast<unsigned>(submitted);
  }
  return 0;
}

bool Uring::Peek(uint64_t* tag, int32_t* result) {
  const unsigned head = *cq_head_;
  if (head == LoadAcquire(cq_tail_)) return false;
  const io_uring_cqe& entry = cqes_[head & cq_mask_];
  *tag = entry.user_data;
  *result = entry.res;
  StoreRelease(cq_head_, head + 1);
  return true;
}

int Uring::Wait() {
  while (*cq_head_ == LoadAcquire(cq_tail_)) {
    if (syscall(SYS_io_uring_enter, fd_, 0, 1, IORING_ENTER_GETEVENTS, nullptr, 0) < 0 && errno != EINTR) return -errno;
  }
  return 0;
}

}  // namespace flash_slim
