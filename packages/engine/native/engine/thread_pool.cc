#include "engine/thread_pool.h"

#include "engine/clock.h"

namespace flash_slim {
namespace {

constexpr uint64_t kPollNs = 50'000;

template <class Done>
bool Poll(Done done) {
  for (uint64_t until = NowNs() + kPollNs;;) {
    for (int i = 0; i < 64; i++) {
      if (done()) return true;
      CpuPause();
    }
    if (NowNs() > until) return done();
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(threads) {
  for (int i = 1; i < threads; i++) workers_.emplace_back([this, i] { Work(i); });
}

ThreadPool::~ThreadPool() {
  closing_ = true;
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::RunErased(Erased task, void* context) {
  if (threads_ > 1) {
    task_ = task;
    context_ = context;
    remaining_.store(threads_ - 1, std::memory_order_relaxed);
    epoch_.fetch_add(1, std::memory_order_release);
    epoch_.notify_all();
  }
  task(context, 0);
  if (threads_ == 1 || Poll([this] { return remaining_.load(std::memory_order_acquire) == 0; })) return;
  for (int left; (left = remaining_.load(std::memory_order_acquire)) != 0;) remaining_.wait(left);
}

void ThreadPool::Work(int thread) {
  uint32_t seen = 0;
  for (;;) {
    if (!Poll([&] { return epoch_.load(std::memory_order_acquire) != seen; })) epoch_.wait(seen);
    if (epoch_.load(std::memory_order_acquire) == seen) continue;
    seen++;
    if (closing_) return;
    task_(context_, thread);
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) remaining_.notify_one();
  }
}

}  // namespace flash_slim
