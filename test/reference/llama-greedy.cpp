// Continues token ids greedily by llama.cpp, float32 KV cache, no flash attention, and writes the logits of every
// position, float32, [ids + steps][vocabulary]. The steps' tokens go to stdout. make-golden.ts compiles and runs it.
//   llama-greedy MODEL.gguf CONTEXT STEPS LOGITS.f32 ID...
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "llama.h"

int main(int argc, char** argv) {
  if (argc < 6) return fprintf(stderr, "usage: llama-greedy MODEL.gguf CONTEXT STEPS LOGITS.f32 ID...\n"), 2;
  llama_log_set([](ggml_log_level level, const char* text, void*) { level == GGML_LOG_LEVEL_ERROR && fputs(text, stderr); },
                nullptr);
  llama_backend_init();
  llama_model_params model_params = llama_model_default_params();
  model_params.n_gpu_layers = 0;
  llama_model* model = llama_model_load_from_file(argv[1], model_params);
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = atoi(argv[2]);
  params.n_threads = params.n_threads_batch = 1;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.type_k = params.type_v = GGML_TYPE_F32;
  llama_context* context = model ? llama_init_from_model(model, params) : nullptr;
  FILE* out = fopen(argv[4], "wb");
  if (!context || !out) return 1;
  const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model)), steps = atoi(argv[3]);
  llama_batch batch = llama_batch_init(params.n_batch, 0, 1);
  int position = 0;
  std::vector<llama_token> tokens;
  for (int i = 5; i < argc; i++) tokens.push_back(atoi(argv[i]));
  for (int step = 0; step <= steps; step++) {
    batch.n_tokens = int(tokens.size());
    for (int i = 0; i < batch.n_tokens; i++) {
      batch.token[i] = tokens[i];
      batch.pos[i] = position++;
      batch.n_seq_id[i] = batch.logits[i] = 1;
      batch.seq_id[i][0] = 0;
    }
    if (llama_decode(context, batch)) return 1;
    const float* logits = nullptr;
    for (int i = 0; i < batch.n_tokens; i++) fwrite(logits = llama_get_logits_ith(context, i), 4, vocabulary, out);
    int best = 0;
    for (int token = 1; token < vocabulary; token++)
      if (logits[token] > logits[best]) best = token;
    if (step < steps) printf("%d ", best);
    tokens = {best};
  }
  return fclose(out);
}
