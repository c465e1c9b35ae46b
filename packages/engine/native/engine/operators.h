// The three operators of domain flash_slim, as ONNX Runtime calls them. Each reads its attributes once, then computes from
// the pass's shared state; what they multiply comes through the controller.
//   GatherRows(token_ids int64 [T]) -> [T, hidden]
//   StreamMatMul(x [T, K]) -> [T, N]     several chunks' outputs side by side, or gate/up with SiLU and product
//   RaggedAttention(qkv [T, (heads + 2 * kv_heads) * head_size]) -> [T, heads * head_size]
#pragma once
#include <memory>
#include <vector>

#include "engine/ort_api.h"
#include "engine/pass_state.h"

namespace flash_slim {

// The domain with the three operators, bound to `state`, which must outlive the session. Owns what ONNX Runtime points to.
class OperatorDomain {
 public:
  explicit OperatorDomain(PassState* state);
  ~OperatorDomain();
  void* handle() const { return domain_; }

 private:
  struct Operator;
  std::vector<std::unique_ptr<Operator>> operators_;
  void* domain_ = nullptr;
};

}  // namespace flash_slim
