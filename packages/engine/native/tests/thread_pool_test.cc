#include "engine/thread_pool.h"

#include <atomic>
#include <chrono>
#include <memory>

#include "tests/check.h"

using flash_slim::ThreadPool;

int main() {
  for (int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    // Every item once, and all of them done at return, over many dispatches of changing size.
    for (int round = 0; round < 20000; round++) {
      const int count = round % 37;
      std::unique_ptr<std::atomic<int>[]> done(new std::atomic<int>[count + 1]());
      pool.ForEach(count, [&](int64_t i) { done[i].fetch_add(1, std::memory_order_relaxed); });
      for (int i = 0; i < count; i++) CHECK(done[i].load(std::memory_order_relaxed) == 1);
    }
    // Workers that went to sleep wake up.
    for (int round = 0; round < 20; round++) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::atomic<int> sum{0};
      pool.ForEach(100, [&](int64_t i) { sum += int(i); });
      CHECK(sum == 4950);
    }
  }
  std::puts("thread_pool_test: ok");
}
