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
  FaultyReader(std::unique_ptr<Reader> reader, const std::vector<Fault>& faults)
      : reader_(std::move(reader)), faults_(faults), seen_(faults.size(), 0) {}

  const char* name() const override { return reader_->name(); }

  int Submit(const ReadRequest* requests, size_t count) override {
    {
      std::lock_guard lock(mutex_);
      for (size_t i = 0; i < count; i++) pending_[requests[i].tag] = {requests[i], StrikesOf(requests[i])};
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
    std::vector<size_t> strikes;  // indexes of faults
  };

  std::vector<size_t> StrikesOf(const ReadRequest& request) {
    std::vector<size_t> strikes;
    for (size_t i = 0; i < faults_.size(); i++) {
      const Fault& fault = faults_[i];
      const bool holds = request.offset <= fault.begin && fault.end <= request.offset + request.size;
      if (fault.begin != fault.end && !holds) continue;
      const uint64_t number = seen_[i]++;
      if (number >= fault.read && number - fault.read < fault.count) strikes.push_back(i);
    }
    return strikes;
  }

  void Strike(ReadCompletion* completion) {
    Pending pending;
    {
      std::lock_guard lock(mutex_);
      pending = pending_[completion->tag];
      pending_.erase(completion->tag);
    }
    const ReadRequest& request = pending.request;
    for (const size_t i : pending.strikes) {
      const Fault& fault = faults_[i];
      if (completion->result < 0) continue;
      if (fault.kind == "flip") {
        const bool anywhere = fault.begin == fault.end;
        const uint64_t from = anywhere ? 0 : fault.begin - request.offset;
        request.buffer[from + fault.amount % (anywhere ? request.size : fault.end - fault.begin)] ^= 0x10;
      }
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
  std::vector<uint64_t> seen_;  // by fault: the reads so far that it looked at
};

}  // namespace

std::unique_ptr<Reader> MakeFaultyReader(std::unique_ptr<Reader> reader, const std::vector<Fault>& faults) {
  return std::make_unique<FaultyReader>(std::move(reader), faults);
}

}  // namespace flash_slim
