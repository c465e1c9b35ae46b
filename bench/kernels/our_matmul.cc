#include <atomic>
#include <cstdlib>
#include <thread>

#include "matmul_case.h"

namespace flash_slim::bench {
namespace {

// All threads arrive, then all go on. Spins: a product is over in fractions of
// a millisecond.
class SpinBarrier {
 public:
  void Wait() {
    const int turn = turn_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == kThreads - 1) {
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
    } else {
      while (turn_.load(std::memory_order_acquire) == turn) {
      }
    }
  }

 private:
  std::atomic<int> arrived_ = 0, turn_ = 0;
};

class OurMatmul : public Contestant {
 public:
  OurMatmul(const MatmulCase& matmul, const KernelSet* kernels)
      : case_(matmul), kernels_(kernels), row_blocks_(matmul.rows / kRowsPerBlock) {
    const size_t row_bytes = SourceRowBytes(case_.kind, case_.columns);
    const size_t bytes = RowBlockBytes(case_.kind, case_.columns) * row_blocks_;
    for (int i = 0; i < case_.runs * case_.products_per_run; ++i) {
      copies_.emplace_back(bytes);
      for (int64_t rb = 0; rb < row_blocks_; ++rb) {
        PackRowBlock(case_.kind, case_.columns, case_.weights->data() + rb * kRowsPerBlock * row_bytes, row_bytes,
                     kRowsPerBlock, copies_[i].data() + rb * RowBlockBytes(case_.kind, case_.columns));
      }
    }
    const int64_t columns = case_.columns, blocks = columns / kBlockValues;
    q_.resize(columns * case_.tokens), scale_.resize(blocks * case_.tokens), sum_.resize(blocks * case_.tokens);
    output_.resize(case_.rows * case_.tokens);
    for (int t = 0; t < case_.tokens; ++t) {
      x_.push_back({case_.activations->data() + t * columns, q_.data() + t * columns, scale_.data() + t * blocks,
                    sum_.data() + t * blocks});
    }
    worker_ = std::thread([this] {
      for (int seen = 0;; ++seen) {
        started_.wait(seen);  // sleeps: others have their turn
        if (run_ == kStop) return;
        RunShare(1);
      }
    });
  }
  ~OurMatmul() override {
    Start(kStop);
    worker_.join();
  }

  std::string name() const override { return kernels_->name; }
  void Run(int run) override {
    Start(run);
    RunShare(0);
  }
  const float* output() const override { return output_.data(); }

 private:
  static_assert(kThreads == 2, "one worker beside the caller");

  static constexpr int kStop = -1;

  void Start(int run) {
    run_ = run;
    started_.fetch_add(1);
    started_.notify_one();
  }

  void RunShare(int thread) {
    const int64_t begin = row_blocks_ * thread / kThreads, end = row_blocks_ * (thread + 1) / kThreads;
    for (int i = 0; i < case_.products_per_run; ++i) {
      const std::vector<uint8_t>& copy = copies_[run_ * case_.products_per_run + i];
      for (int t = thread; t < case_.tokens; t += kThreads) kernels_->quantize(case_.columns, x_[t]);
      barrier_.Wait();
      kernels_->matmul(case_.kind, copy.data() + begin * RowBlockBytes(case_.kind, case_.columns), case_.columns,
                       end - begin, x_.data(), case_.tokens, output_.data() + begin * kRowsPerBlock, case_.rows);
      barrier_.Wait();
    }
  }

  MatmulCase case_;
  const KernelSet* kernels_;
  int64_t row_blocks_;
  std::vector<std::vector<uint8_t>> copies_;
  std::vector<int8_t> q_;
  std::vector<float> scale_, output_;
  std::vector<int32_t> sum_;
  std::vector<Activations> x_;
  SpinBarrier barrier_;
  int run_ = 0;
  std::atomic<int> started_ = 0;
  std::thread worker_;
};

}  // namespace

std::unique_ptr<Contestant> MakeOurs(const MatmulCase& matmul, const KernelSet* kernels) {
  return std::make_unique<OurMatmul>(matmul, kernels);
}

}  // namespace flash_slim::bench
