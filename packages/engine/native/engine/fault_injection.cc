#include "engine/fault_injection.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

namespace flash_slim {
namespace {

class FaultyReader final : public Reader {
 public:
  FaultyReader(std::unique_ptr<Reader> reader, std::vector<Fault> faults)
      : reader_(std::move(reader)), faults_(std::move(faults)) {}

  const char* name() const override { return reader_->name(); }

  int Submit(const ReadRequest* requests, size_t count) override {
    {
      std::lock_guard lock(mutex_);
      for (size_t i = 0; i < count; i++) pending_[requests[i].tag] = {requests[i], submitted_++};
    }
    return reader_->Submit(requests, count);
  }

  void Reap(bool wait, std::vector<ReadCompletion>* out) override {
    const size_t from = out->size();
    reader_->Reap(wait, out);
    for (size_t i = from; i < out->size(); i++) Strike(&(*out)[i]);
  }

 private:
  struct Pending {
    ReadRequest request;
    uint64_t number;
  };

  void Strike(ReadCompletion* completion) {
    Pending pending;
    {
      std::lock_guard lock(mutex_);
      pending = pending_[completion->tag];
      pending_.erase(completion->tag);
    }
    for (const Fault& fault : faults_) {
      if (pending.number < fault.read || pending.number - fault.read >= fault.count || completion->result < 0) continue;
      if (fault.kind == "flip") pending.request.buffer[fault.amount % pending.request.size] ^= 0x10;
      if (fault.kind == "short") completion->result = std::min<int64_t>(completion->result, int64_t(fault.amount));
      if (fault.kind == "eof") completion->result = 0;
      if (fault.kind == "eio") completion->result = -EIO;
      if (fault.kind == "delay") std::this_thread::sleep_for(std::chrono::milliseconds(fault.amount));
    }
  }

  std::unique_ptr<Reader> reader_;
  const std::vector<Fault> faults_;
  std::mutex mutex_;
  std::map<uint64_t, Pending> pending_;
  uint64_t submitted_ = 0;
};

}  // namespace

std::unique_ptr<Reader> MakeFaultyReader(std::unique_ptr<Reader> reader, std::vector<Fault> faults) {
  return std::make_unique<FaultyReader>(std::move(reader), std::move(faults));
}

}  // namespace flash_slim
