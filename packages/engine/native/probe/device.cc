#include "probe/device.h"

#include <unistd.h>

#include "engine/memory_region.h"
#include "engine/uring.h"
#include "kernels/kernel_set.h"
#include "probe/cgroup.h"
#include "probe/cpu.h"

namespace flash_slim {
namespace {

uint64_t TotalMemoryBytes() { return uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE)); }

// A setting of "madvise" is a promise; fragmented memory, or a sandbox that ignores the advice, breaks it.
bool GetsHugePages() { return MemoryRegion(2 * kHugePageBytes, true, true).HugeBytes() > 0; }

}  // namespace

DeviceFacts ReadDeviceFacts() {
  DeviceFacts facts;
  facts.architecture = CpuArchitecture();
  facts.cores = UsableCores();
  facts.instruction_sets = CpuFeatures();
  for (const KernelSet* set : AvailableKernels()) facts.kernels.push_back(set->name);
  facts.memory_limit_bytes = ReadCgroupLimits().memory_bytes;
  facts.memory_total_bytes = TotalMemoryBytes();
  // A limit above all the memory there is limits nothing.
  if (facts.memory_limit_bytes >= facts.memory_total_bytes) facts.memory_limit_bytes.reset();
  facts.huge_pages = GetsHugePages();
  facts.io_uring = Uring().Open(8);
  return facts;
}

}  // namespace flash_slim
