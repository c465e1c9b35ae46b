// Limits as files in /proc and /sys show them on real systems: version 1 and 2, nested, and inside a container.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "probe/cgroup.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

constexpr const char* kUnlimitedV1 = "9223372036854771712";

// Lays the files out under a new directory, reads the limits, and removes them.
CgroupLimits Read(const std::map<std::string, std::string>& files) {
  std::string root = (std::filesystem::temp_directory_path() / "probe_cgroup_test.XXXXXX").string();
  CHECK(mkdtemp(root.data()) != nullptr);
  for (const auto& [path, text] : files) {
    std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
    std::ofstream(root + path) << text << "\n";
  }
  const CgroupLimits limits = ReadCgroupLimits(root);
  for (const std::string& file : MemoryLimitFiles(root)) CHECK(files.count(file.substr(root.size())));
  // Those without a limit count as well: one may be set later.
  for (const auto& [path, text] : files)
    if (path.find("memory.max") != std::string::npos && path.find("/def/") == std::string::npos) {
      const auto found = MemoryLimitFiles(root);
      CHECK(std::find(found.begin(), found.end(), root + path) != found.end());
    }
  std::filesystem::remove_all(root);
  return limits;
}

const std::string kMountV2 = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
const std::string kMountV1 =
    "35 30 0:31 / /sys/fs/cgroup/memory rw shared:12 - cgroup cgroup rw,memory\n"
    "36 30 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct";

}  // namespace

int main() {
  // Nothing there at all, and nothing limited.
  CHECK(!Read({}).memory_bytes && !Read({}).cpus);
  CgroupLimits limits = Read({{"/proc/self/mountinfo", kMountV2},
                              {"/proc/self/cgroup", "0::/user.slice/app"},
                              {"/sys/fs/cgroup/user.slice/app/memory.max", "max"},
                              {"/sys/fs/cgroup/user.slice/app/cpu.max", "max 100000"}});
  CHECK(!limits.memory_bytes && !limits.cpus);

  // Version 2: the least of the group and those above it; memory.high throttles, so it is a limit too.
  limits = Read({{"/proc/self/mountinfo", kMountV2},
                 {"/proc/self/cgroup", "0::/pods/pod/container"},
                 {"/sys/fs/cgroup/pods/pod/container/memory.max", "500000000"},
                 {"/sys/fs/cgroup/pods/pod/memory.max", "400000000"},
                 {"/sys/fs/cgroup/pods/memory.max", "max"},
                 {"/sys/fs/cgroup/pods/memory.high", "450000000"},
                 {"/sys/fs/cgroup/pods/pod/container/cpu.max", "150000 100000"},
                 {"/sys/fs/cgroup/pods/cpu.max", "400000 100000"}});
  CHECK(limits.memory_bytes == 400000000u);
  CHECK(limits.cpus && std::fabs(*limits.cpus - 1.5) < 1e-9);

  // Version 1: "unlimited" is a number; controllers share a directory; the parent binds.
  limits = Read({{"/proc/self/mountinfo", kMountV1},
                 {"/proc/self/cgroup", "12:cpu,cpuacct:/a\n4:memory:/a/b\n0::/"},
                 {"/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", kUnlimitedV1},
                 {"/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "188743680"},
                 {"/sys/fs/cgroup/memory/memory.limit_in_bytes", kUnlimitedV1},
                 {"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1"},
                 {"/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000"},
                 {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000"},
                 {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"}});
  CHECK(limits.memory_bytes == 188743680u);
  CHECK(limits.cpus && std::fabs(*limits.cpus - 0.5) < 1e-9);

  // A container without a cgroup namespace: its own group is what is mounted, and not its namesake's.
  const std::string mounted = "40 30 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
  limits = Read({{"/proc/self/mountinfo", mounted},
                 {"/proc/self/cgroup", "4:memory:/docker/abc"},
                 {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600"}});
  CHECK(limits.memory_bytes == 104857600u);
  limits = Read({{"/proc/self/mountinfo", mounted},
                 {"/proc/self/cgroup", "4:memory:/docker/abcdef"},
                 {"/sys/fs/cgroup/memory/def/memory.limit_in_bytes", "1"},
                 {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600"}});
  CHECK(limits.memory_bytes == 104857600u);

  // A mount point with a space in it.
  limits = Read({{"/proc/self/mountinfo", "30 24 0:26 / /my\\040cgroup rw - cgroup2 cgroup2 rw"},
                 {"/proc/self/cgroup", "0::/x"},
                 {"/my cgroup/x/memory.max", "70000000"}});
  CHECK(limits.memory_bytes == 70000000u);
  return 0;
}
