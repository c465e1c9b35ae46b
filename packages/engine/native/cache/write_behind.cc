#include "cache/write_behind.h"

namespace flash_slim {

WriteBehind::WriteBehind(DirectWriter& writer, size_t buffer_bytes, Job& job)
    : writer_(writer),
      job_(job),
      buffer_bytes_(AlignUp(buffer_bytes, kPageBytes)),
      memory_(2 * buffer_bytes_, /*huge_pages=*/true, /*touch=*/false) {
  thread_ = std::thread([this] { WriteBuffers(); });
}

WriteBehind::~WriteBehind() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WriteBehind::Submit(size_t size, uint64_t offset) {
  Flush();
  std::lock_guard lock(mutex_);
  data_ = buffer();
  size_ = size;
  offset_ = offset;
  filling_ ^= 1;
  changed_.notify_all();
}

void WriteBehind::Flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !data_; });
  if (failure_) std::rethrow_exception(failure_);
}

void WriteBehind::WriteBuffers() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return data_ || stopped_; });
    if (stopped_) return;
    lock.unlock();
    std::exception_ptr failure;
    try {
      job_.ThrowIfCancelled();
      writer_.Write(data_, size_, offset_);
      job_.bytes_done += size_;
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    failure_ = failure;
    data_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace flash_slim
