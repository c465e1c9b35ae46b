// The facts about this machine and process that plans depend on, storage aside.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flash_slim {

struct DeviceFacts {
  std::string architecture;
  unsigned cores;
  std::vector<std::string> instruction_sets;
  std::vector<std::string> kernels;  // that this CPU can run, best first
  std::optional<uint64_t> memory_limit_bytes;
  uint64_t memory_total_bytes;
  bool huge_pages;  // anonymous memory really gets them when asked
  bool io_uring;    // the kernel and the container's seccomp profile allow it
};

DeviceFacts ReadDeviceFacts();

}  // namespace flash_slim
