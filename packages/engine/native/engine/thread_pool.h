// The compute threads. A pass has several hundred dispatches, so a waiting worker polls for a moment before it sleeps;
// ONNX Runtime's own pool either sleeps at once (a pass of one token is then slower than one of eight) or spins on (and
// takes the cores from the readers).
//
// A dispatch is a number of items, each taken by whichever thread is free, and it ends when the items are done, not when the
// threads are: on a machine that others use too, nobody waits for a worker that has no core at the moment. For the same
// reason a thread waits for what an item needs (its gate) before it takes the item: a worker that has gone to sleep there
// holds nothing, and whoever is awake first goes on without it. (With the item taken first, a worker that took 2 ms to
// wake up kept a slot, and the reads behind it, for as long.)
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace flash_slim {

// Where a thread stands in a dispatch: passed once another has taken the item, or the dispatch is over.
class Turn {
 public:
  Turn(const std::atomic<uint64_t>& next, uint64_t seen) : next_(next), seen_(seen) {}
  bool Passed() const { return next_.load(std::memory_order_acquire) != seen_; }

 private:
  const std::atomic<uint64_t>& next_;
  const uint64_t seen_;
};

// What a thread waits for before it takes an item. A worker may still be inside `wait` when the dispatch is long over: it
// gets an owner that outlives the pool's threads, and nothing of the dispatch itself.
struct ItemGate {
  // Returns once `item` can be worked at, once it will never be, or soon after turn.Passed().
  void (*wait)(const void* owner, int64_t item, const Turn& turn) = nullptr;
  // Makes whoever is in `wait` look at its turn again.
  void (*wake)(const void* owner) = nullptr;
  const void* owner = nullptr;
};

class ThreadPool {
 public:
  // `threads` in all: the caller of ForEach is one of them.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  int threads() const { return threads_; }

  // Calls task(i) once for every i < count, in order of i as far as threads are free, and returns when all are done.
  // Tasks must not throw, and wait by themselves where the gate was passed without success. Called from one thread at a time.
  template <class Task>
  void ForEach(int64_t count, Task&& task, const ItemGate& gate = {}) {
    if (count <= 1 || threads_ == 1) {
      for (int64_t i = 0; i < count; i++) task(i);
      return;
    }
    Dispatch([](void* context, int64_t i) { (*static_cast<std::remove_reference_t<Task>*>(context))(i); }, &task,
             uint32_t(count), gate);
  }

 private:
  using Erased = void (*)(void*, int64_t);
  void Dispatch(Erased task, void* context, uint32_t count, const ItemGate& gate);
  void TakeItems();
  void Work();

  // `next_` is the dispatch's number in the upper half and its next item in the lower. A worker reads the job, then takes an
  // item by compare and swap: should the job have changed meanwhile, so has the number, and the swap fails. While a job is
  // being written the item is kClosed, which is past any count.
  static constexpr uint64_t kClosed = 0xffffffff;
  std::atomic<uint64_t> next_{kClosed};
  std::atomic<Erased> task_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<uint32_t> count_{0};
  std::atomic<decltype(ItemGate::wait)> gate_wait_{nullptr};
  std::atomic<const void*> gate_owner_{nullptr};
  ItemGate last_gate_;  // of the thread that dispatches: whom to wake at the end

  std::atomic<uint32_t> remaining_{0};   // items not done
  std::atomic<uint32_t> dispatches_{0};  // what sleeping workers wait on
  std::atomic<bool> closing_{false};
  const int threads_;
  std::vector<std::thread> workers_;
};

}  // namespace flash_slim
