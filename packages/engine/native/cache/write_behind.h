// Writes buffers on a thread of its own while the next one is being filled.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>

#include "cache/direct_writer.h"
#include "cache/job.h"
#include "engine/memory_region.h"

namespace flash_slim {

class WriteBehind {
 public:
  // The writer and the job, whose bytes_done rises with what is written, must outlive this object.
  WriteBehind(DirectWriter& writer, size_t buffer_bytes, Job& job);
  // Bytes that were not flushed may be lost.
  ~WriteBehind();

  // The buffer to fill, page-aligned, of buffer_bytes.
  uint8_t* buffer() const { return memory_.data() + filling_ * buffer_bytes_; }
  // Hands the buffer's first `size` bytes (a multiple of kPageBytes) over to be written at `offset`; buffer() is
  // another one then, and the one handed over may still be read until the next Submit. Throws what an earlier write
  // threw.
  void Submit(size_t size, uint64_t offset);
  // Returns when all is written. Throws what a write threw.
  void Flush();

 private:
  void WriteBuffers();

  DirectWriter& writer_;
  Job& job_;
  const size_t buffer_bytes_;
  MemoryRegion memory_;
  int filling_ = 0;  // of two buffers

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_: the one write that is under way or waiting to start.
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  uint64_t offset_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace flash_slim
