// What a long piece of work shares with whoever watches it.
#pragma once
#include <atomic>
#include <cstdint>

#include "error.h"

namespace flash_slim {

struct Job {
  std::atomic<uint64_t> bytes_done{0};
  std::atomic<bool> cancelled{false};

  void ThrowIfCancelled() const {
    if (cancelled.load(std::memory_order_relaxed)) throw Error("CANCELLED", "cancelled");
  }
};

}  // namespace flash_slim
