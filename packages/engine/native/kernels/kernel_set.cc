#include "kernels/kernel_set.h"

#include "kernels/tables.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace flash_slim {

std::vector<const KernelSet*> AvailableKernels() {
  std::vector<const KernelSet*> kernels;
#if defined(__x86_64__)
  // These ask the operating system too: registers that it does not save count as absent.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512vnni = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
  if (avx512vnni) kernels.push_back(&kAvx512VnniKernels);
  if (avx2) kernels.push_back(&kAvx2Kernels);
#elif defined(__aarch64__)
  // The compiler may use everything that -march=armv8.2-a+dotprod+fp16 names.
  constexpr unsigned long kHwcapAtomics = 1 << 8, kHwcapHalf = 1 << 9, kHwcapVectorHalf = 1 << 10,
                          kHwcapDotProduct = 1 << 20;
  constexpr unsigned long kNeeded = kHwcapAtomics | kHwcapHalf | kHwcapVectorHalf | kHwcapDotProduct;
  if ((getauxval(AT_HWCAP) & kNeeded) == kNeeded) kernels.push_back(&kNeonDotKernels);
  kernels.push_back(&kNeonKernels);
#endif
  kernels.push_back(&kReferenceKernels);
  return kernels;
}

const KernelSet* FindKernels(const std::string& name) {
  const std::vector<const KernelSet*> kernels = AvailableKernels();
  if (name == "auto") return kernels.front();
  for (const KernelSet* set : kernels) {
    if (name == set->name) return set;
  }
  return nullptr;
}

}  // namespace flash_slim
