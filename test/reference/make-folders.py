"""Makes folders with the results of the programs they are made for, for packages/engine/src/reference-folders.test.ts.

    pip install torch transformers tokenizers onnx onnx-ir onnxruntime-genai
    python test/reference/make-folders.py OUT [MODEL]

OUT/transformers/NAME   a tiny random model of each family, with transformers' logits (logits.f32) of the test's tokens
OUT/genai/NAME          the same by onnxruntime-genai's builder; reference.onnx computes with f32 activations
OUT/genai-model         the Hugging Face folder MODEL by the builder; golden.json has genai's own greedy tokens
"""
import json
import os
import shutil
import subprocess
import sys

VOCABULARY = 288
TOKENS = [(position * 37 + 11) % 280 for position in range(17)]  # testing/run.ts
SIZES = dict(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=6, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=0)
PROMPTS = ["The capital of France is", "Once upon a time there was a", "def fibonacci(n):\n",
           "<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n",
           "The three primary colours are", "Die Hauptstadt von Deutschland ist"]
GENERATED = 32


def families():
    def rope(kind, **rest):
        return dict(rope_parameters=dict(rope_type=kind, rope_theta=10000.0, **rest))
    head = dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=5)
    factors = dict(short_factor=[1 + i / 10 for i in range(8)], long_factor=[2 + i / 5 for i in range(8)])
    yield "llama", "LlamaConfig", dict(tie_word_embeddings=False)
    yield "llama3", "LlamaConfig", rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                        original_max_position_embeddings=32)
    yield "llama-linear", "LlamaConfig", rope("linear", factor=4.0)
    yield "mistral", "MistralConfig", dict(sliding_window=7)
    yield "qwen2", "Qwen2Config", {}
    yield "qwen2-yarn", "Qwen2Config", rope("yarn", factor=4.0, original_max_position_embeddings=32)
    yield "qwen3", "Qwen3Config", dict(head_dim=32, tie_word_embeddings=True)
    yield "phi3", "Phi3Config", rope("default")
    yield "phi3-longrope", "Phi3Config", dict(original_max_position_embeddings=64, **rope(
        "longrope", original_max_position_embeddings=64, **factors))
    yield "gemma2", "Gemma2Config", head
    yield "gemma3", "Gemma3TextConfig", head
    yield "smollm3", "SmolLM3Config", {}
    yield "olmo2", "Olmo2Config", {}


BUILT = ["llama", "llama3", "mistral", "qwen2", "qwen3", "gemma2"]


def write_tokenizer(directory):
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    texts = ["<unk>", "<s>", "</s>", *alphabet]
    texts += [f"<extra{i}>" for i in range(VOCABULARY - len(texts))]
    tokenizer = Tokenizer(models.BPE(vocab={text: i for i, text in enumerate(texts)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in texts[:3]])
    tokenizer.save(os.path.join(directory, "tokenizer.json"))
    config = dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    with open(os.path.join(directory, "tokenizer_config.json"), "w") as file:
        json.dump(config, file)


def make_transformers(out):
    import torch
    import transformers
    for name, config_class, options in families():
        torch.manual_seed(0)
        config = getattr(transformers, config_class)(**{**SIZES, **options})
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().float()
        with torch.no_grad():
            for parameter_name, values in model.named_parameters():
                if values.dim() > 1:  # large enough that every part shows in the logits
                    values.mul_(6)
                else:
                    values.add_(torch.randn_like(values) * 0.2)
            directory = os.path.join(out, name)
            shutil.rmtree(directory, ignore_errors=True)
            model.save_pretrained(directory)
            logits = model(torch.tensor([TOKENS])).logits[0].float().numpy()
        logits.tofile(os.path.join(directory, "logits.f32"))
        write_tokenizer(directory)


def build(model, out, *extra):
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", model, "-o", out, "-p", "int4", "-e",
                    "cpu", "-c", out + ".cache", *extra], check=True)
    shutil.rmtree(out + ".cache", ignore_errors=True)


def make_genai(transformers_folders, out):
    import onnx
    for name in BUILT:
        directory = os.path.join(out, name)
        build(os.path.join(transformers_folders, name), directory)
        model = onnx.load(os.path.join(directory, "model.onnx"), load_external_data=False)
        for node in model.graph.node:
            for attribute in list(node.attribute):
                if attribute.name == "accuracy_level":
                    attribute.i = 1
                if attribute.name == "sliding_window_cache":  # would not run without a past
                    node.attribute.remove(attribute)
        onnx.save(model, os.path.join(directory, "reference.onnx"))


def make_golden(model_folder, out):
    import onnxruntime_genai
    build(model_folder, out)
    model = onnxruntime_genai.Model(out)
    tokenizer = onnxruntime_genai.Tokenizer(model)
    golden = []
    for prompt in PROMPTS:
        ids = [int(token) for token in tokenizer.encode(prompt)]
        length = len(ids) + GENERATED
        parameters = onnxruntime_genai.GeneratorParams(model)
        parameters.set_search_options(max_length=length, min_length=length, do_sample=False)
        generator = onnxruntime_genai.Generator(model, parameters)
        generator.append_tokens(ids)
        tokens = []
        while not generator.is_done() and len(tokens) < GENERATED:
            generator.generate_next_token()
            tokens.append(int(generator.get_next_tokens()[0]))
        golden.append(dict(prompt=prompt, ids=ids, tokens=tokens))
    with open(os.path.join(out, "golden.json"), "w") as file:
        json.dump(golden, file)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    out = os.path.abspath(sys.argv[1])
    make_transformers(os.path.join(out, "transformers"))
    make_genai(os.path.join(out, "transformers"), os.path.join(out, "genai"))
    if len(sys.argv) == 3:
        make_golden(os.path.abspath(sys.argv[2]), os.path.join(out, "genai-model"))


if __name__ == "__main__":
    main()
