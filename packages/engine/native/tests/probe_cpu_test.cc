#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "probe/cpu.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

// What the kernel says the CPU has; empty where it does not say (emulators).
std::string KernelFlags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("flags", 0) == 0 || line.rfind("Features", 0) == 0) return line + " ";
  return "";
}

}  // namespace

int main() {
  const auto features = CpuFeatures();
  const std::string flags = std::string(CpuArchitecture()) == "x86_64" ? KernelFlags() : "";
  if (flags.empty()) {
    CHECK(std::string(CpuArchitecture()) == "aarch64");
    // Every ARM64 CPU that runs Linux has it.
    CHECK(std::find(features.begin(), features.end(), "asimd") != features.end());
  }
  for (const char* name : {"ssse3", "sse4_1", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512bw",
                           "avx512vl", "avx512_vnni"}) {
    if (flags.empty()) break;
    const bool ours = std::find(features.begin(), features.end(), name) != features.end();
    CHECK(ours == (flags.find(" " + std::string(name) + " ") != std::string::npos));
  }

  // Fewer cores may be used than there are.
  CHECK(UsableCores() >= 1);
  cpu_set_t before, one;
  CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(UsableCores() == 1);
  CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
  return 0;
}
