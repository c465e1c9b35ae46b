#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include <stdexcept>

#include "matmul_case.h"

namespace flash_slim::bench {
namespace {

ggml_type TypeOf(WeightKind kind) {
  switch (kind) {
    case WeightKind::kF32:
      return GGML_TYPE_F32;
    case WeightKind::kF16:
      return GGML_TYPE_F16;
    case WeightKind::kBF16:
      return GGML_TYPE_BF16;
    case WeightKind::kQ8_0:
      return GGML_TYPE_Q8_0;
    case WeightKind::kQ4_0:
      return GGML_TYPE_Q4_0;
    case WeightKind::kQ4_1:
      return GGML_TYPE_Q4_1;
    case WeightKind::kQ5_0:
      return GGML_TYPE_Q5_0;
    case WeightKind::kQ5_1:
      return GGML_TYPE_Q5_1;
    case WeightKind::kQ4_K:
      return GGML_TYPE_Q4_K;
    case WeightKind::kQ5_K:
      return GGML_TYPE_Q5_K;
    case WeightKind::kQ6_K:
      return GGML_TYPE_Q6_K;
  }
  throw std::invalid_argument("no such kind");
}

// The buffer type that rearranges weights when they are loaded; nullptr where
// this build has none.
ggml_backend_buffer_type_t RepackBufferType(ggml_backend_t backend) {
  ggml_backend_dev_t device = ggml_backend_get_device(backend);
  auto get_types = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
      ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts"));
  if (!get_types) return nullptr;
  for (ggml_backend_buffer_type_t* type = get_types(device); type && *type; ++type) {
    if (std::string(ggml_backend_buft_name(*type)) == "CPU_REPACK") return *type;
  }
  return nullptr;
}

class GgmlMatmul : public Contestant {
 public:
  GgmlMatmul(const MatmulCase& matmul, bool repacked) : case_(matmul), repacked_(repacked) {
    backend_ = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(backend_, kThreads);
    const int copies = case_.runs * case_.products_per_run;
    const size_t tensors = size_t(copies) + 4, graph_tensors = size_t(case_.products_per_run) + 4;
    weights_context_ = ggml_init({ggml_tensor_overhead() * tensors, nullptr, true});
    const size_t graph_bytes = ggml_graph_overhead_custom(graph_tensors, false);
    context_ = ggml_init({ggml_tensor_overhead() * 2 * tensors + graph_bytes * case_.runs, nullptr, true});
    ggml_backend_buffer_type_t type = repacked ? RepackBufferType(backend_) : ggml_backend_cpu_buffer_type();
    if (!type) return;
    std::vector<ggml_tensor*> weights;
    for (int i = 0; i < copies; ++i) {
      weights.push_back(ggml_new_tensor_2d(weights_context_, TypeOf(case_.kind), case_.columns, case_.rows));
    }
    weights_buffer_ = ggml_backend_alloc_ctx_tensors_from_buft(weights_context_, type);
    ggml_tensor* x = ggml_new_tensor_2d(context_, GGML_TYPE_F32, case_.columns, case_.tokens);
    output_ = ggml_mul_mat(context_, weights[0], x);
    buffer_ = ggml_backend_alloc_ctx_tensors(context_, backend_);
    if (!ggml_backend_supports_op(backend_, output_)) return;
    for (ggml_tensor* w : weights) {
      ggml_backend_tensor_set(w, case_.weights->data(), 0, case_.weights->size());
    }
    ggml_backend_tensor_set(x, case_.activations->data(), 0, case_.activations->size() * sizeof(float));
    for (int i = 0; i < copies; ++i) {
      if (i % case_.products_per_run == 0) graphs_.push_back(ggml_new_graph_custom(context_, graph_tensors, false));
      ggml_tensor* product = output_;
      if (i > 0) {
        product = ggml_mul_mat(context_, weights[i], x);
        ggml_backend_tensor_alloc(buffer_, product,
                                  output_->data);  // all write to one place, as ours do
      }
      ggml_build_forward_expand(graphs_.back(), product);
    }
  }
  ~GgmlMatmul() override {
    ggml_backend_buffer_free(buffer_);
    ggml_backend_buffer_free(weights_buffer_);
    ggml_free(context_);
    ggml_free(weights_context_);
    ggml_backend_free(backend_);
  }

  bool supported() const { return !graphs_.empty(); }
  std::string name() const override { return repacked_ ? "llama.cpp repacked" : "llama.cpp"; }
  void Run(int run) override {
    if (ggml_backend_graph_compute(backend_, graphs_[run]) != GGML_STATUS_SUCCESS) {
      throw std::runtime_error("ggml failed");
    }
  }
  const float* output() const override { return static_cast<const float*>(output_->data); }

 private:
  MatmulCase case_;
  bool repacked_;
  ggml_backend_t backend_ = nullptr;
  ggml_context *weights_context_ = nullptr, *context_ = nullptr;
  ggml_backend_buffer_t weights_buffer_ = nullptr, buffer_ = nullptr;
  ggml_tensor* output_ = nullptr;
  std::vector<ggml_cgraph*> graphs_;
};

}  // namespace

std::unique_ptr<Contestant> MakeGgml(const MatmulCase& matmul, bool repacked) {
  auto ggml = std::make_unique<GgmlMatmul>(matmul, repacked);
  if (!ggml->supported()) return nullptr;
  return ggml;
}

}  // namespace flash_slim::bench
