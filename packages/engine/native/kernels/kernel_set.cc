#include "kernels/kernel_set.h"

#include "kernels/tables.h"

namespace flash_slim {

std::vector<const KernelSet*> AvailableKernels() { return {&kReferenceKernels}; }

const KernelSet* FindKernels(const std::string& name) {
  const std::vector<const KernelSet*> kernels = AvailableKernels();
  if (name == "auto") return kernels.front();
  for (const KernelSet* set : kernels) {
    if (name == set->name) return set;
  }
  return nullptr;
}

}  // namespace flash_slim
