#include "probe/cpu.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "probe/cgroup.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace flash_slim {
namespace {

#if defined(__aarch64__)
// <asm/hwcap.h> of older systems lacks the newer bits; they are the kernel's ABI.
struct Capability {
  unsigned long type, bit;
  const char* name;
};
constexpr Capability kCapabilities[] = {
    {AT_HWCAP, 1ul << 1, "asimd"},  {AT_HWCAP, 1ul << 10, "asimdhp"}, {AT_HWCAP, 1ul << 20, "asimddp"},
    {AT_HWCAP, 1ul << 22, "sve"},   {AT_HWCAP2, 1ul << 1, "sve2"},    {AT_HWCAP2, 1ul << 13, "i8mm"},
    {AT_HWCAP2, 1ul << 14, "bf16"},
};
#endif

}  // namespace

const char* CpuArchitecture() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
#error "flash-slim is for x86-64 and ARM64"
#endif
}

std::vector<std::string> CpuFeatures() {
  std::vector<std::string> features;
#if defined(__x86_64__)
  // The builtin also asks XGETBV whether the operating system saves the wide registers.
  if (__builtin_cpu_supports("ssse3")) features.push_back("ssse3");
  if (__builtin_cpu_supports("sse4.1")) features.push_back("sse4_1");
  if (__builtin_cpu_supports("avx")) features.push_back("avx");
  unsigned a, b, c, d;
  if (__builtin_cpu_supports("avx") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C)) features.push_back("f16c");
  if (__builtin_cpu_supports("fma")) features.push_back("fma");
  if (__builtin_cpu_supports("avx2")) features.push_back("avx2");
  if (__builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4)))
    features.push_back("avx_vnni");
  if (__builtin_cpu_supports("avx512f")) features.push_back("avx512f");
  if (__builtin_cpu_supports("avx512bw")) features.push_back("avx512bw");
  if (__builtin_cpu_supports("avx512vl")) features.push_back("avx512vl");
  if (__builtin_cpu_supports("avx512vnni")) features.push_back("avx512_vnni");
#else
  for (const Capability& capability : kCapabilities)
    if (getauxval(capability.type) & capability.bit) features.push_back(capability.name);
#endif
  return features;
}

unsigned UsableCores() {
  double cores = double(std::max(1l, sysconf(_SC_NPROCESSORS_ONLN)));
  cpu_set_t set;  // EINVAL on more than 1,024 cores: then all of them
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = std::max(1, CPU_COUNT(&set));
  if (const auto quota = ReadCgroupLimits().cpus) cores = std::min(cores, std::ceil(*quota));
  return unsigned(cores);
}

}  // namespace flash_slim
