// Anonymous memory for slots, residents and the KV cache: huge pages where the system gives them (a virtio disk takes 254
// segments a request: with 4 KB pages a 2 MB read is split, with huge pages it reaches twice the bandwidth).
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace flash_slim {

constexpr size_t kHugePageBytes = 2 << 20;

class MemoryRegion {
 public:
  MemoryRegion() = default;
  // Maps `size` bytes, 2 MB aligned; `touch` makes every page present at once. Throws Error OUT_OF_MEMORY.
  MemoryRegion(size_t size, bool huge_pages, bool touch);
  MemoryRegion(MemoryRegion&& other) noexcept;
  MemoryRegion& operator=(MemoryRegion&& other) noexcept;
  ~MemoryRegion();

  // Makes pages present from the beginning on, until done or `stop`: meant for threads beside the one that fills them.
  // Several take turns by piece: `turn` of `turns`. Does nothing on kernels before 5.14.
  void Populate(size_t turn, size_t turns, const std::atomic<bool>& stop) const;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  // Keeps the pages from being swapped out; false where the limit (ulimit -l) does not allow it.
  bool Lock();
  // Bytes of the region that lie on huge pages now (from /proc/self/smaps).
  size_t HugeBytes() const;

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  void* map_ = nullptr;
  size_t map_size_ = 0;
};

}  // namespace flash_slim
