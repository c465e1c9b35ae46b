#pragma once
#include <string>
#include <vector>

namespace flash_slim {

// "x86_64" or "aarch64".
const char* CpuArchitecture();
// The instruction sets that kernels are written for or may be, by the names /proc/cpuinfo has for them; only those that
// the operating system has enabled too.
std::vector<std::string> CpuFeatures();
// Cores this process may keep busy: its affinity, and the control group's quota rounded up. At least 1.
unsigned UsableCores();

}  // namespace flash_slim
