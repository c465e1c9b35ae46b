// The ONNX graph of a model: one ONNX Runtime session, one Run per pass.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/operators.h"

namespace flash_slim {

class GraphSession {
 public:
  // `graph` is a serialized ModelProto. `profile_prefix`, where not empty, makes ONNX Runtime time every operator into a
  // file of that prefix. Throws ORT_UNAVAILABLE, ORT_FAILED.
  GraphSession(const std::string& library_path, const std::vector<uint8_t>& graph, PassState* state,
               const std::string& profile_prefix);
  ~GraphSession();
  GraphSession(const GraphSession&) = delete;
  GraphSession& operator=(const GraphSession&) = delete;

  // tokens[count], logit_rows[rows] -> logits[rows][vocabulary]. Throws ORT_FAILED.
  void Run(const int64_t* tokens, int64_t count, const int64_t* logit_rows, int64_t rows, float* logits, int64_t vocabulary);
  // Ends profiling; the name of the file written, empty when there is none.
  std::string EndProfiling();

 private:
  std::unique_ptr<OperatorDomain> domain_;
  void* options_ = nullptr;
  void* session_ = nullptr;
  void* memory_ = nullptr;
  bool profiling_ = false;
};

}  // namespace flash_slim
