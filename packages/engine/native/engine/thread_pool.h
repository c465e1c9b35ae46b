// The compute threads. One dispatch per matrix and several hundred dispatches per pass, so a waiting worker polls for a
// moment before it sleeps; ONNX Runtime's own pool either sleeps at once (a pass of one token is then slower than one of
// eight) or spins on (and takes the cores from the readers).
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace flash_slim {

class ThreadPool {
 public:
  // `threads` in all: the caller of Run is thread 0.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  int threads() const { return threads_; }

  // Calls task(thread) once on every thread and returns when all are done. Tasks must not throw.
  template <class Task>
  void Run(Task&& task) {
    RunErased([](void* context, int thread) { (*static_cast<std::remove_reference_t<Task>*>(context))(thread); }, &task);
  }

  // Calls task(i, thread) for every i < count, each index taken by whichever thread is free.
  template <class Task>
  void ForEach(int64_t count, Task&& task) {
    if (count == 1 || threads_ == 1) {
      for (int64_t i = 0; i < count; i++) task(i, 0);
      return;
    }
    std::atomic<int64_t> next{0};
    Run([&](int thread) {
      for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) task(i, thread);
    });
  }

 private:
  using Erased = void (*)(void*, int);
  void RunErased(Erased task, void* context);
  void Work(int thread);

  const int threads_;
  std::vector<std::thread> workers_;
  Erased task_ = nullptr;
  void* context_ = nullptr;
  std::atomic<uint32_t> epoch_{0};  // grows by one per dispatch
  std::atomic<int> remaining_{0};
  std::atomic<bool> closing_{false};
};

}  // namespace flash_slim
