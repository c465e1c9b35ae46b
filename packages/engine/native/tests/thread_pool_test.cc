#include "engine/thread_pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "tests/check.h"

using flash_slim::ThreadPool;

namespace {

// Lets nobody but the thread that made it pass before its turn has passed: workers sleep in it holding nothing.
struct OnlyMine {
  std::thread::id mine = std::this_thread::get_id();
  mutable std::atomic<uint32_t> events{0};
  mutable std::atomic<int> waited{0};

  static void Wait(const void* owner, int64_t, const flash_slim::Turn& turn) {
    const OnlyMine& self = *static_cast<const OnlyMine*>(owner);
    if (std::this_thread::get_id() == self.mine) return;
    self.waited++;
    for (;;) {
      const uint32_t event = self.events.load();
      if (turn.Passed()) return;
      self.events.wait(event);
    }
  }
  static void Wake(const void* owner) {
    static_cast<const OnlyMine*>(owner)->events++;
    static_cast<const OnlyMine*>(owner)->events.notify_all();
  }
};

void CheckGate() {
  OnlyMine gate;
  {
    ThreadPool pool(3);
    for (int round = 0; round < 200; round++) {
      int done = 0;  // no atomic: this thread alone gets past the gate
      auto task = [&](int64_t i) {
        CHECK(int(i) == done++);
        // However busy the machine is, a worker comes to the gate while this dispatch is open.
        while (gate.waited == 0) std::this_thread::yield();
      };
      pool.ForEach(50, task, {OnlyMine::Wait, OnlyMine::Wake, &gate});
      CHECK(done == 50);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }  // workers that are still inside the gate are woken and joined
}

}  // namespace

int main() {
  CheckGate();
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
