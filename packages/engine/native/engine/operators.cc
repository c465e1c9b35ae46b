#include "engine/operators.h"

#include <string>

#include "engine/operator_kernels.h"
#include "error.h"

namespace flash_slim {
namespace {

using ort::Call;
using ort::Check;
using ort::Slot;

int64_t IntAttribute(const void* info, const char* name) {
  int64_t value = 0;
  Check(Call(Slot::kKernelInfoGetAttributeInt64, info, name, &value));
  return value;
}
float FloatAttribute(const void* info, const char* name) {
  float value = 0;
  Check(Call(Slot::kKernelInfoGetAttributeFloat, info, name, &value));
  return value;
}
std::string StringAttribute(const void* info, const char* name) {
  size_t size = 0;
  Check(Call(Slot::kKernelInfoGetAttributeString, info, name, static_cast<char*>(nullptr), &size));
  std::string value(size, '\0');
  Check(Call(Slot::kKernelInfoGetAttributeString, info, name, value.data(), &size));
  value.resize(value.find('\0') == std::string::npos ? value.size() : value.find('\0'));
  return value;
}
// An attribute that a node may lack. ONNX Runtime tells by a failure, which is released here.
bool IsMissing(void* status) {
  if (status) Call(Slot::kReleaseStatus, status);
  return status != nullptr;
}
int64_t IntAttribute(const void* info, const char* name, int64_t otherwise) {
  int64_t value = 0;
  return IsMissing(Call(Slot::kKernelInfoGetAttributeInt64, info, name, &value)) ? otherwise : value;
}
float FloatAttribute(const void* info, const char* name, float otherwise) {
  float value = 0;
  return IsMissing(Call(Slot::kKernelInfoGetAttributeFloat, info, name, &value)) ? otherwise : value;
}
template <class T>
std::vector<T> ArrayAttribute(Slot slot, const void* info, const char* name) {
  size_t count = 0;
  Check(Call(slot, info, name, static_cast<T*>(nullptr), &count));
  std::vector<T> values(count);
  Check(Call(slot, info, name, values.data(), &count));
  return values;
}

// An input's rows may have several dimensions, which the output has too: [tokens], or [1, tokens] in graphs made elsewhere.
constexpr size_t kMaxRank = 4;
struct Input {
  const void* data;
  int64_t rows, columns;         // of all dimensions but the last, and the last; where rows are numbers, of all, and 1
  int64_t dimensions[kMaxRank];  // of the rows
  size_t rank;                   // of the rows
};
// row_rank: 1 where rows are vectors, 0 where they are numbers.
Input InputAt(const void* context, size_t index, size_t row_rank = 1) {
  const void* value = nullptr;
  void *info = nullptr, *data = nullptr;
  size_t rank = 0;
  Input input{nullptr, 1, 1, {}, 0};
  Check(Call(Slot::kKernelContextGetInput, context, index, &value));
  if (!value) throw Error("GRAPH_INVALID", "an operator of flash_slim lacks its input " + std::to_string(index));
  Check(Call(Slot::kGetTensorTypeAndShape, value, &info));
  Check(Call(Slot::kGetDimensionsCount, info, &rank));
  if (rank <= kMaxRank) Check(Call(Slot::kGetDimensions, info, input.dimensions, rank));
  Call(Slot::kReleaseTensorTypeAndShapeInfo, info);
  if (rank <= row_rank || rank >= kMaxRank)
    throw Error("GRAPH_INVALID", "an operator of flash_slim takes rank 1 to 3, got " + std::to_string(rank));
  Check(Call(Slot::kGetTensorMutableData, value, &data));
  input.data = data;
  input.rank = rank - row_rank;
  for (size_t i = 0; i < input.rank; i++) input.rows *= input.dimensions[i];
  if (row_rank == 1) input.columns = input.dimensions[input.rank];
  return input;
}
bool HasInput(const void* context, size_t index) {
  const void* value = nullptr;
  Check(Call(Slot::kKernelContextGetInput, context, index, &value));
  return value != nullptr;
}
const float* SameShape(const Input& input, const Input& as, const char* operator_name) {
  if (input.rows != as.rows || input.columns != as.columns)
    throw Error("GRAPH_INVALID", std::string(operator_name) + " has inputs of " + std::to_string(input.rows) + " x " +
                                     std::to_string(input.columns) + " and " + std::to_string(as.rows) + " x " +
                                     std::to_string(as.columns) + " values");
  return static_cast<const float*>(input.data);
}
// The values of an input that a node may lack (nullptr), and how many they are.
const float* OptionalVector(const void* context, size_t index, int64_t* size) {
  const void* value = nullptr;
  void *info = nullptr, *data = nullptr;
  size_t rank = 0;
  Check(Call(Slot::kKernelContextGetInput, context, index, &value));
  if (!value) return nullptr;
  Check(Call(Slot::kGetTensorTypeAndShape, value, &info));
  Check(Call(Slot::kGetDimensionsCount, info, &rank));
  if (rank == 1) Check(Call(Slot::kGetDimensions, info, size, size_t(1)));
  Call(Slot::kReleaseTensorTypeAndShapeInfo, info);
  if (rank != 1) throw Error("GRAPH_INVALID", "biases and norms have rank 1, got " + std::to_string(rank));
  Check(Call(Slot::kGetTensorMutableData, value, &data));
  return static_cast<const float*>(data);
}
// nullptr where the node lacks the output.
float* Output(void* context, Input input, int64_t columns, size_t index = 0) {
  input.dimensions[input.rank] = columns;
  void *value = nullptr, *data = nullptr;
  Check(Call(Slot::kKernelContextGetOutput, context, index, static_cast<const int64_t*>(input.dimensions),
             input.rank + 1, &value));
  if (!value) return nullptr;
  Check(Call(Slot::kGetTensorMutableData, value, &data));
  return static_cast<float*>(data);
}

// One kernel object per node of the graph.
struct Node {
  PassState* state;
  explicit Node(PassState* s) : state(s) {}
  virtual ~Node() = default;
  virtual void Run(void* context) = 0;
};

struct GatherRowsNode : Node {
  GatherRowsKernel kernel;
  GatherRowsNode(PassState* s, const void* info) : Node(s) {
    kernel.weights_id = int(IntAttribute(info, "weights_id"));
  }
  void Run(void* context) override {
    const Input ids = InputAt(context, 0, /*row_rank=*/0);
    kernel.Compute(*state, static_cast<const int64_t*>(ids.data), ids.rows,
                   Output(context, ids, kernel.Columns(*state)));
  }
};
StreamMatMulKernel::Gate GateOf(const std::string& activation) {
  using Gate = StreamMatMulKernel::Gate;
  if (activation == "silu_mul") return Gate::kSilu;
  if (activation == "gelu_mul") return Gate::kGelu;
  if (activation != "none") throw Error("GRAPH_INVALID", "there is no activation \"" + activation + "\"");
  return Gate::kNone;
}
int64_t CheckedChunk(const PassState& state, int64_t id) {
  if (id < 0 || id >= int64_t(state.controller->chunk_count()))
    throw Error("GRAPH_INVALID", "the graph asks for chunk " + std::to_string(id) + ", which the weight cache lacks");
  return id;
}
struct StreamMatMulNode : Node {
  StreamMatMulKernel kernel;
  StreamMatMulNode(PassState* s, const void* info) : Node(s) {
    kernel.weights_ids = ArrayAttribute<int64_t>(Slot::kKernelInfoGetAttributeArrayInt64, info, "weights_ids");
    kernel.gate = GateOf(StringAttribute(info, "activation"));
    kernel.softcap = FloatAttribute(info, "softcap", 0);
    for (int64_t id : kernel.weights_ids) CheckedChunk(*s, id);
  }
  void Run(void* context) override {
    const Input x = InputAt(context, 0);
    for (int64_t id : kernel.weights_ids)
      if (x.columns != state->controller->chunk(int(id)).columns)
        throw Error("GRAPH_INVALID", "StreamMatMul has rows of " + std::to_string(x.columns) + " values for the chunk " +
                                         state->controller->chunk(int(id)).name);
    kernel.Compute(*state, static_cast<const float*>(x.data), x.rows,
                   Output(context, x, kernel.OutputColumns(*state)));
  }
};
struct RmsNormNode : Node {
  RmsNormKernel kernel;
  RmsNormNode(PassState* s, const void* info) : Node(s) { kernel.epsilon = FloatAttribute(info, "epsilon"); }
  void Run(void* context) override {
    const Input x = InputAt(context, 0);
    int64_t columns = 0;
    const float* weights = OptionalVector(context, 1, &columns);
    if (!weights || columns != x.columns)
      throw Error("GRAPH_INVALID", "RmsNorm has " + std::to_string(columns) + " weights for rows of " +
                                       std::to_string(x.columns) + " values");
    const float* addend = HasInput(context, 2) ? SameShape(InputAt(context, 2), x, "RmsNorm") : nullptr;
    float *normed = Output(context, x, columns), *sum = Output(context, x, columns, 1);
    if (!normed || (sum && !addend)) throw Error("GRAPH_INVALID", "RmsNorm gives what it norms, and a sum if it adds one");
    kernel.Compute(*state, static_cast<const float*>(x.data), addend, weights, x.rows, columns, normed, sum);
  }
};
// act(gate) * up of two products that are not one, since their weights are of two kinds.
struct GatedProductNode : Node {
  StreamMatMulKernel::Gate gate;
  GatedProductNode(PassState* s, const void* info) : Node(s), gate(GateOf(StringAttribute(info, "activation"))) {
    if (gate == StreamMatMulKernel::Gate::kNone) throw Error("GRAPH_INVALID", "GatedProduct has no activation");
  }
  void Run(void* context) override {
    const Input x = InputAt(context, 0);
    const float *gates = static_cast<const float*>(x.data), *ups = SameShape(InputAt(context, 1), x, "GatedProduct");
    float* out = Output(context, x, x.columns);
    const auto multiply =
        gate == StreamMatMulKernel::Gate::kSilu ? state->kernels->silu_mul : state->kernels->gelu_mul;
    state->pool->ForEach(x.rows, [&](int64_t row) {
      const int64_t at = row * x.columns;
      multiply(gates + at, ups + at, out + at, size_t(x.columns));
    });
  }
};
struct StreamExpertsNode : Node {
  StreamExpertsKernel kernel;
  int64_t hidden = 0, experts = 0;
  StreamExpertsNode(PassState* s, const void* info) : Node(s) {
    const auto gate = GateOf(StringAttribute(info, "activation"));
    const auto chunk = [&](const char* name) { return CheckedChunk(*s, IntAttribute(info, name)); };
    kernel.gate_up.weights_ids = {chunk("gate_up_weights_id")};
    kernel.down.weights_ids = {chunk("down_weights_id")};
    if (IntAttribute(info, "shared_down_weights_id", -1) >= 0) {
      kernel.shared_gate_up.weights_ids = {chunk("shared_gate_up_weights_id")};
      kernel.shared_down.weights_ids = {chunk("shared_down_weights_id")};
    }
    kernel.gate_up.gate = kernel.shared_gate_up.gate = gate;
    kernel.used = int(IntAttribute(info, "experts_used"));
    kernel.normalized = IntAttribute(info, "normalized") != 0;
    const WeightChunk& gate_up = s->controller->chunk(int(kernel.gate_up.weights_ids[0]));
    const WeightChunk& down = s->controller->chunk(int(kernel.down.weights_ids[0]));
    experts = gate_up.experts;
    hidden = gate_up.columns;
    if (gate == StreamMatMulKernel::Gate::kNone || experts < 1 || down.experts != experts ||
        down.rows != experts * hidden || gate_up.rows != 2 * experts * down.columns || kernel.used < 1 ||
        kernel.used > experts)
      throw Error("GRAPH_INVALID",
                  "StreamExperts and the chunks " + gate_up.name + " and " + down.name + " contradict each other");
  }
  void Run(void* context) override {
    const Input x = InputAt(context, 0), scores = InputAt(context, 1);
    int64_t gates = hidden;
    const float* shared_gate = OptionalVector(context, 2, &gates);
    if (x.columns != hidden || scores.rows != x.rows || scores.columns != experts || gates != hidden)
      throw Error("GRAPH_INVALID", "StreamExperts has inputs of other sizes than its experts");
    kernel.Compute(*state, static_cast<const float*>(x.data), static_cast<const float*>(scores.data), shared_gate,
                   x.rows, Output(context, x, hidden));
  }
};
struct RaggedAttentionNode : Node {
  RaggedAttentionKernel kernel;
  RaggedAttentionNode(PassState* s, const void* info) : Node(s) {
    kernel.layer = int(IntAttribute(info, "layer"));
    kernel.heads = int(IntAttribute(info, "num_heads"));
    kernel.kv_heads = int(IntAttribute(info, "kv_num_heads"));
    kernel.head_size = int(IntAttribute(info, "head_size"));
    kernel.scale = FloatAttribute(info, "scale");
    kernel.softcap = FloatAttribute(info, "softcap", 0);
    kernel.window = IntAttribute(info, "window", 0);
    kernel.norm_epsilon = FloatAttribute(info, "norm_epsilon", 0);
    kernel.temperature_scale = FloatAttribute(info, "temperature_scale", 0);
    kernel.temperature_context = IntAttribute(info, "temperature_context", 1);
    if (kernel.temperature_context < 1) throw Error("GRAPH_INVALID", "RaggedAttention has a temperature_context below 1");
    kernel.rotary_dim = int(IntAttribute(info, "rotary_dim"));
    if (kernel.rotary_dim == 0) return;
    kernel.interleaved = IntAttribute(info, "rotary_interleaved") != 0;
    kernel.turns.magnitude = kernel.long_turns.magnitude = FloatAttribute(info, "rotary_magnitude", 1);
    kernel.turns.inverse_frequencies =
        ArrayAttribute<float>(Slot::kKernelInfoGetAttributeArrayFloat, info, "rotary_inverse_frequencies");
    kernel.short_context = IntAttribute(info, "rotary_short_context", 0);
    if (kernel.short_context > 0)
      kernel.long_turns.inverse_frequencies =
          ArrayAttribute<float>(Slot::kKernelInfoGetAttributeArrayFloat, info, "rotary_long_inverse_frequencies");
    const size_t pairs = size_t(kernel.rotary_dim) / 2, long_pairs = kernel.long_turns.inverse_frequencies.size();
    if (kernel.rotary_dim > kernel.head_size || kernel.turns.inverse_frequencies.size() != pairs ||
        (long_pairs != 0 && long_pairs != pairs))
      throw Error("GRAPH_INVALID", "RaggedAttention has other numbers of frequencies than of pairs that rotate");
  }
  void Run(void* context) override {
    const Input qkv = InputAt(context, 0);
    const int64_t width = int64_t(kernel.heads + 2 * kernel.kv_heads) * kernel.head_size;
    if (qkv.columns != width || qkv.rows != int64_t(state->tokens.size()))
      throw Error("GRAPH_INVALID", "RaggedAttention has " + std::to_string(qkv.rows) + " rows of " +
                                       std::to_string(qkv.columns) + " values, where " +
                                       std::to_string(state->tokens.size()) + " of " + std::to_string(width) +
                                       " follow from tokens and heads");
    float* out = Output(context, qkv, int64_t(kernel.heads) * kernel.head_size);
    kernel.Compute(*state, static_cast<const float*>(qkv.data), WeightsOf(context), out);
  }

 private:
  RaggedAttentionKernel::Weights WeightsOf(const void* context) const {
    RaggedAttentionKernel::Weights weights;
    const int64_t query_width = int64_t(kernel.heads) * kernel.head_size,
                  key_width = int64_t(kernel.kv_heads) * kernel.head_size;
    int64_t biases = 0, query_norms = 0, key_norms = 0;
    weights.bias = OptionalVector(context, 1, &biases);
    weights.query_norm = OptionalVector(context, 2, &query_norms);
    weights.key_norm = OptionalVector(context, 3, &key_norms);
    weights.norm_all_heads = query_norms != kernel.head_size;
    const bool sound =
        (!weights.bias || biases == query_width + 2 * key_width) &&
        (weights.query_norm == nullptr) == (weights.key_norm == nullptr) &&
        (!weights.query_norm || (query_norms == (weights.norm_all_heads ? query_width : kernel.head_size) &&
                                 key_norms == (weights.norm_all_heads ? key_width : kernel.head_size)));
    if (!sound) throw Error("GRAPH_INVALID", "RaggedAttention has biases or norms of other sizes than its heads");
    return weights;
  }
};

}  // namespace

struct OperatorDomain::Operator : ort::CustomOp {
  const char* name;
  int input_type;
  size_t input_count, output_count;  // all but the first may be missing
  PassState* state;
  Node* (*make)(PassState*, const void*);

  Operator(const char* op_name, int type, size_t inputs, size_t outputs, PassState* s,
           Node* (*factory)(PassState*, const void*))
      : CustomOp{}, name(op_name), input_type(type), input_count(inputs), output_count(outputs), state(s), make(factory) {
    version = ort::kApiVersion;
    get_name = [](const CustomOp* op) { return static_cast<const Operator*>(op)->name; };
    get_execution_provider_type = [](const CustomOp*) { return "CPUExecutionProvider"; };
    get_input_type = [](const CustomOp* op, size_t) { return static_cast<const Operator*>(op)->input_type; };
    get_output_type = [](const CustomOp*, size_t) { return ort::kFloat; };
    get_input_type_count = [](const CustomOp* op) { return static_cast<const Operator*>(op)->input_count; };
    get_output_type_count = [](const CustomOp* op) { return static_cast<const Operator*>(op)->output_count; };
    get_input_memory_type = [](const CustomOp*, size_t) { return 0; };
    get_input_characteristic = get_output_characteristic = [](const CustomOp*, size_t index) {
      return index == 0 ? 0 : 1;  // required, optional
    };
    for (auto& function : variadic) function = [](const CustomOp*) { return 1; };
    get_start_version = [](const CustomOp*) { return 1; };
    get_end_version = [](const CustomOp*) { return 0x7fffffff; };
    get_may_inplace = get_alias_map = [](int**, int**) -> size_t { return 0; };
    release_may_inplace = release_alias_map = [](int*, int*) {};
    kernel_destroy = [](void* node) { delete static_cast<Node*>(node); };
    create_kernel_v2 = [](const CustomOp* op, const void*, const void* info, void** kernel) -> void* {
      try {
        auto* self = static_cast<const Operator*>(op);
        *kernel = self->make(self->state, info);
        return nullptr;
      } catch (const std::exception& error) {
        return ort::MakeStatus(error.what());
      }
    };
    // A failed pass leaves as a status; the typed error stays with the controller.
    kernel_compute_v2 = [](void* kernel, void* context) -> void* {
      auto* node = static_cast<Node*>(kernel);
      WeightChunkController& controller = *node->state->controller;
      try {
        node->Run(context);
      } catch (const Error& error) {
        controller.Fail(error.code(), error.what());
      } catch (const std::exception& error) {
        controller.Fail("INTERNAL", error.what());
      }
      return controller.stopped() ? ort::MakeStatus(controller.error().second.c_str()) : nullptr;
    };
  }
};

OperatorDomain::OperatorDomain(PassState* state) {
  const auto add = [&](const char* name, int type, size_t inputs, Node* (*make)(PassState*, const void*),
                       size_t outputs = 1) {
    operators_.push_back(std::make_unique<Operator>(name, type, inputs, outputs, state, make));
  };
  add("GatherRows", ort::kInt64, 1, [](PassState* s, const void* i) -> Node* { return new GatherRowsNode(s, i); });
  // The second input, which is not read, is a product that comes before: ONNX Runtime runs independent nodes in an order of
  // its own, and weights are read in the plan's.
  add("StreamMatMul", ort::kFloat, 2, [](PassState* s, const void* i) -> Node* { return new StreamMatMulNode(s, i); });
  add("StreamExperts", ort::kFloat, 3,
      [](PassState* s, const void* i) -> Node* { return new StreamExpertsNode(s, i); });
  add("RaggedAttention", ort::kFloat, 4,
      [](PassState* s, const void* i) -> Node* { return new RaggedAttentionNode(s, i); });
  add(
      "RmsNorm", ort::kFloat, 3, [](PassState* s, const void* i) -> Node* { return new RmsNormNode(s, i); },
      /*outputs=*/2);
  add("GatedProduct", ort::kFloat, 2, [](PassState* s, const void* i) -> Node* { return new GatedProductNode(s, i); });
  Check(Call(Slot::kCreateCustomOpDomain, "flash_slim", &domain_));
  for (auto& op : operators_) Check(Call(Slot::kCustomOpDomainAdd, domain_, static_cast<ort::CustomOp*>(op.get())));
}

OperatorDomain::~OperatorDomain() {
  if (domain_) Call(Slot::kReleaseCustomOpDomain, domain_);
}

}  // namespace flash_slim
