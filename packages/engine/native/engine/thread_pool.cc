#include "engine/thread_pool.h"

#include "engine/clock.h"

namespace flash_slim {
namespace {

// About what a sleep and a wake-up cost, and longer than the stock operators between two of ours take at one token.
constexpr uint64_t kPollNs = 50'000;

template <class Done>
bool Poll(Done done) {
  for (const uint64_t until = NowNs() + kPollNs;;) {
    for (int i = 0; i < 64; i++) {
      if (done()) return true;
      CpuPause();
    }
    if (NowNs() > until) return done();
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(threads) {
  for (int i = 1; i < threads; i++) workers_.emplace_back([this] { Work(); });
}

ThreadPool::~ThreadPool() {
  closing_ = true;
  next_.store(((next_.load(std::memory_order_relaxed) >> 32) + 1) << 32 | kClosed, std::memory_order_seq_cst);
  if (last_gate_.wake) last_gate_.wake(last_gate_.owner);
  dispatches_.fetch_add(1, std::memory_order_release);
  dispatches_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::Dispatch(Erased task, void* context, uint32_t count, const ItemGate& gate) {
  const uint64_t number = (next_.load(std::memory_order_relaxed) >> 32) + 1;
  next_.store(number << 32 | kClosed, std::memory_order_seq_cst);
  // Released, so that a worker that sees any of them sees next_ closed as well.
  task_.store(task, std::memory_order_release);
  context_.store(context, std::memory_order_release);
  count_.store(count, std::memory_order_release);
  gate_wait_.store(gate.wait, std::memory_order_release);
  gate_owner_.store(gate.owner, std::memory_order_release);
  if (gate.wake) last_gate_ = gate;
  remaining_.store(count, std::memory_order_relaxed);
  next_.store(number << 32, std::memory_order_seq_cst);
  dispatches_.fetch_add(1, std::memory_order_release);
  dispatches_.notify_all();
  TakeItems();
  if (Poll([this] { return remaining_.load(std::memory_order_acquire) == 0; })) return;
  for (uint32_t left; (left = remaining_.load(std::memory_order_acquire)) != 0;) remaining_.wait(left);
}

void ThreadPool::TakeItems() {
  uint64_t next = next_.load(std::memory_order_acquire);
  for (;;) {
    const uint32_t item = uint32_t(next);
    if (item >= count_.load(std::memory_order_acquire)) return;
    const Erased task = task_.load(std::memory_order_acquire);
    void* const context = context_.load(std::memory_order_acquire);
    const auto wait = gate_wait_.load(std::memory_order_acquire);
    const void* const owner = gate_owner_.load(std::memory_order_acquire);
    const Turn turn(next_, next);
    // What was read is one job only if next_ still stands; a gate must not be given another job's items.
    if (wait && !turn.Passed()) wait(owner, int64_t(item), turn);
    if (!next_.compare_exchange_weak(next, next + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    task(context, item);
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) remaining_.notify_one();
    next = next_.load(std::memory_order_acquire);
  }
}

void ThreadPool::Work() {
  uint32_t seen = 0;
  for (;;) {
    if (!Poll([&] { return dispatches_.load(std::memory_order_acquire) != seen; })) dispatches_.wait(seen);
    const uint32_t dispatch = dispatches_.load(std::memory_order_acquire);
    if (dispatch == seen) continue;
    seen = dispatch;
    if (closing_) return;
    TakeItems();
  }
}

}  // namespace flash_slim
