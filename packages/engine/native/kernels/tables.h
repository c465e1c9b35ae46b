// The tables of this build; which of them the CPU can run is kernel_set.cc's business.
#pragma once
#include "kernels/kernel_set.h"

namespace flash_slim {

extern const KernelSet kReferenceKernels;
#if defined(__x86_64__)
extern const KernelSet kAvx2Kernels, kAvx512VnniKernels;
#elif defined(__aarch64__)
extern const KernelSet kNeonKernels, kNeonDotKernels;
#endif

}  // namespace flash_slim
