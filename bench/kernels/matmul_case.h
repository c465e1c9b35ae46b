// One matrix shape, and who multiplies it. Every contestant holds its own copies of the same weights, enough of them
// that no cache keeps one until its next turn, and multiplies them one after the other with the same activations,
// quantizing these for each product and waiting for all threads after each, as a pass over a model does. A run of
// products, short enough to find a quiet moment of the machine, is what is timed.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/kernel_set.h"

namespace flash_slim::bench {

constexpr int kThreads = 2;

struct MatmulCase {
  std::string use;
  WeightKind kind;
  int64_t columns, rows;
  int runs, products_per_run;             // copies: runs * products_per_run
  const std::vector<uint8_t>* weights;    // the model file's form
  const std::vector<float>* activations;  // [tokens][columns]
  int tokens;
};

class Contestant {
 public:
  virtual ~Contestant() = default;
  virtual std::string name() const = 0;
  // The products of one run, 0 <= run < runs.
  virtual void Run(int run) = 0;
  // The last product: [tokens][rows].
  virtual const float* output() const = 0;
};

std::unique_ptr<Contestant> MakeOurs(const MatmulCase& matmul, const KernelSet* kernels);
#if defined(FLASH_SLIM_HAVE_GGML)
// nullptr when `repacked` is asked for and llama.cpp does not repack this kind on this machine.
std::unique_ptr<Contestant> MakeGgml(const MatmulCase& matmul, bool repacked);
#endif

}  // namespace flash_slim::bench
