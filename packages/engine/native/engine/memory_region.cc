#include "engine/memory_region.h"

#include <sys/mman.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "error.h"

namespace flash_slim {

MemoryRegion::MemoryRegion(size_t size, bool huge_pages, bool touch) : size_(size) {
  if (size == 0) return;
  map_size_ = size + kHugePageBytes;
  map_ = mmap(nullptr, map_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map_ == MAP_FAILED) {
    map_ = nullptr;
    throw Error("OUT_OF_MEMORY", "cannot map " + std::to_string(size) + " bytes; lower --memory-budget or the context");
  }
  data_ = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(map_) + kHugePageBytes - 1) & ~(kHugePageBytes - 1));
  madvise(data_, size, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  if (touch) std::memset(data_, 0, size);
}

MemoryRegion::MemoryRegion(MemoryRegion&& other) noexcept { *this = std::move(other); }

MemoryRegion& MemoryRegion::operator=(MemoryRegion&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(map_, other.map_);
  std::swap(map_size_, other.map_size_);
  return *this;
}

MemoryRegion::~MemoryRegion() {
  if (map_) munmap(map_, map_size_);
}

void MemoryRegion::Populate(size_t turn, size_t turns, const std::atomic<bool>& stop) const {
#ifdef MADV_POPULATE_WRITE
  constexpr int kPopulateWrite = MADV_POPULATE_WRITE;
#else
  constexpr int kPopulateWrite = 23;
#endif
  for (size_t at = turn * kHugePageBytes; at < size_ && !stop; at += turns * kHugePageBytes)
    if (madvise(data_ + at, std::min(kHugePageBytes, size_ - at), kPopulateWrite) != 0) return;
}

bool MemoryRegion::Lock() { return size_ == 0 || mlock(data_, size_) == 0; }

size_t MemoryRegion::HugeBytes() const {
  std::FILE* smaps = std::fopen("/proc/self/smaps", "r");
  if (!smaps) return 0;
  char line[512];
  bool inside = false;
  size_t bytes = 0, kilobytes;
  const auto begin = reinterpret_cast<uintptr_t>(data_), end = begin + size_;
  while (std::fgets(line, sizeof line, smaps)) {
    uintptr_t from, to;
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2 && std::strchr(line, '-') < std::strchr(line, ' '))
      inside = from < end && to > begin;
    else if (inside && std::sscanf(line, "AnonHugePages: %zu kB", &kilobytes) == 1)
      bytes += kilobytes << 10;
  }
  std::fclose(smaps);
  return bytes;
}

}  // namespace flash_slim
