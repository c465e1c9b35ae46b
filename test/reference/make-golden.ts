// Makes packages/engine/src/testing/golden/architectures.json: what llama.cpp says about each of the small models of
// packages/model/src/testing/variants.ts. Needs a llama.cpp with its static libraries built (cmake -DBUILD_SHARED_LIBS=OFF):
//   LLAMA_CPP=/path/to/llama.cpp node test/reference/make-golden.ts
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { variants, writeRandomGguf } from '@flash-slim/model/testing';

const source = process.env.LLAMA_CPP;
if (!source) {
  console.error('LLAMA_CPP is not set: the directory of a llama.cpp that is built in build/');
  process.exit(2);
}
const contextLength = 128;
const prompt = Array.from({ length: 40 }, (_, i) => (i * 37 + 11) % 280);
const steps = 24;
/** Of the last position's logits, every so many are kept. */
const stride = 16;

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-golden-'));
try {
  const program = join(directory, 'llama-greedy');
  const library = (path: string) => join(source, 'build', path);
  execFileSync('g++', [
    ...['-std=c++17', '-O1', `-I${source}/include`, `-I${source}/ggml/include`],
    join(import.meta.dirname, 'llama-greedy.cpp'),
    ...['src/libllama.a', 'ggml/src/libggml.a', 'ggml/src/libggml-cpu.a', 'ggml/src/libggml-base.a'].map(library),
    ...['-ldl', '-lgomp', '-lpthread', '-lm', '-o', program],
  ]);
  const golden = Object.entries(variants).map(([name, options]) => {
    const model = join(directory, 'model.gguf');
    const out = join(directory, 'logits.f32');
    const { vocabularySize } = writeRandomGguf(model, options);
    const printed = execFileSync(program, [model, String(contextLength), String(steps), out, ...prompt.map(String)]);
    const greedy = printed.toString().trim().split(' ').map(Number);
    const bytes = readFileSync(out);
    const logits = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4).subarray(-vocabularySize);
    const kept = Array.from(
      logits.filter((_, i) => i % stride === 0),
      (logit) => Number(logit.toFixed(4)),
    );
    return `    ${JSON.stringify(name)}: {\n      "greedy": ${JSON.stringify(greedy)},\n      "logits": ${JSON.stringify(kept)}\n    }`;
  });
  const settings = JSON.stringify({ contextLength, prompt, stride }).slice(1, -1);
  writeFileSync(
    join(import.meta.dirname, '../../packages/engine/src/testing/golden/architectures.json'),
    `{\n  ${settings},\n  "models": {\n${golden.join(',\n')}\n  }\n}\n`,
  );
} finally {
  rmSync(directory, { recursive: true });
}
