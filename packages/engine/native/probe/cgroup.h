// What the control groups of this process allow it, in either version and any nesting: a limit set on a parent binds
// its children, so every directory from the process's own group up to the hierarchy's mount point is read. Source:
// cgroups(7), proc_pid_mountinfo(5), the kernel's admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flash_slim {

struct CgroupLimits {
  std::optional<uint64_t> memory_bytes;  // least of v1 memory.limit_in_bytes, v2 memory.max and memory.high
  std::optional<double> cpus;            // least of quota / period
};

// The files that limit this process's memory, whether or not they do at the moment: a limit may be lowered while it
// runs. Each holds a number of bytes, or "max".
std::vector<std::string> MemoryLimitFiles(const std::string& root = "");

// `root` is put before every path that is opened ("" on a real system): tests lay out files as a container shows them.
CgroupLimits ReadCgroupLimits(const std::string& root = "");

}  // namespace flash_slim
