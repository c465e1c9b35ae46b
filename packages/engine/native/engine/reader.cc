#include "engine/reader.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/uring.h"
#include "error.h"

namespace flash_slim {
namespace {

class UringReader final : public Reader {
 public:
  // Null where io_uring is not allowed.
  static std::unique_ptr<UringReader> Open(const ReaderOptions& options) {
    auto reader = std::unique_ptr<UringReader>(new UringReader(options.fd));
    if (!reader->ring_.Open(std::max(8u, options.depth))) return nullptr;
    reader->registered_ = !options.buffers.empty() &&
                          reader->ring_.RegisterBuffers(options.buffers.data(), unsigned(options.buffers.size()));
    return reader;
  }
  const char* name() const override { return registered_ ? "io_uring, registered buffers" : "io_uring"; }
  int Submit(const ReadRequest* requests, size_t count) override {
    // The kernel orders what this thread wrote before whatever the reaping thread does with a completion. The language does
    // not know that, nor ThreadSanitizer, unless told.
    submissions_.fetch_add(1, std::memory_order_release);
    for (size_t i = 0; i < count; i++) {
      const ReadRequest& r = requests[i];
      const int index = registered_ ? r.buffer_index : -1;
      while (!ring_.PrepareRead(fd_, r.buffer, unsigned(r.size), r.offset, index, r.tag)) {
        if (int error = ring_.Submit()) return error;
      }
    }
    return ring_.Submit();
  }
  void Reap(bool wait, std::vector<ReadCompletion>* out) override {
    if (wait && ring_.Wait() != 0) return;
    uint64_t tag;
    int32_t result;
    while (ring_.Peek(&tag, &result)) out->push_back({tag, result});
    submissions_.load(std::memory_order_acquire);
  }

 private:
  explicit UringReader(int fd) : fd_(fd) {}
  Uring ring_;
  int fd_;
  bool registered_ = false;
  std::atomic<uint64_t> submissions_{0};
};

class PreadReader final : public Reader {
 public:
  explicit PreadReader(const ReaderOptions& options) : fd_(options.fd) {
    const unsigned threads = std::clamp(options.depth, 1u, 4u);  // depth 4 reaches what a device gives with large reads
    for (unsigned i = 0; i < threads; i++) threads_.emplace_back([this] { Work(); });
  }
  ~PreadReader() override {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    work_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  const char* name() const override { return "pread"; }
  int Submit(const ReadRequest* requests, size_t count) override {
    {
      std::lock_guard lock(mutex_);
      queue_.insert(queue_.end(), requests, requests + count);
    }
    count == 1 ? work_.notify_one() : work_.notify_all();
    return 0;
  }
  void Reap(bool wait, std::vector<ReadCompletion>* out) override {
    std::unique_lock lock(mutex_);
    if (wait) finished_.wait(lock, [this] { return !done_.empty(); });
    out->insert(out->end(), done_.begin(), done_.end());
    done_.clear();
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (closing_) return;
      const ReadRequest r = queue_.front();
      queue_.pop_front();
      lock.unlock();
      ssize_t result;
      do result = pread(fd_, r.buffer, r.size, off_t(r.offset));
      while (result < 0 && errno == EINTR);
      const int64_t outcome = result < 0 ? -errno : result;
      lock.lock();
      done_.push_back({r.tag, outcome});
      finished_.notify_one();
    }
  }

  int fd_;
  std::mutex mutex_;
  std::condition_variable work_, finished_;
  std::deque<ReadRequest> queue_;
  std::vector<ReadCompletion> done_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Reader> MakeReader(const ReaderOptions& options) {
  // Buffered reads block inside io_uring's submission, on a compute thread: the pool keeps them off it.
  if (options.kind == "io_uring" || (options.kind == "auto" && options.direct)) {
    if (auto reader = UringReader::Open(options)) return reader;
    if (options.kind == "io_uring")
      throw Error("READER_UNAVAILABLE", std::string("io_uring is not allowed here (") + std::strerror(errno) +
                                            "); use --reader pread, or allow io_uring in the container's seccomp profile");
  }
  return std::make_unique<PreadReader>(options);
}

}  // namespace flash_slim
