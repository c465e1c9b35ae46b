// The first greedy tokens of a model and the digest of their logits, for comparing processors. The weight cache is given: one
// file serves every CPU, so that of an x86-64 machine is what an ARM64 process has to understand. Both have to be
// the same.
//   node test/arm64/first-tokens.ts MODEL.gguf --cache WEIGHTS.fsw   builds the cache first
//   node test/arm64/first-tokens.ts --cache WEIGHTS.fsw              -> {"kernel", "tokens", "text", "logits"}
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Engine, profilingPlan } from '@flash-slim/engine';
import { importModel } from '@flash-slim/model';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { buildWeightCache, openWeightCache } from '@flash-slim/weight-cache';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cache: { type: 'string' } },
});
const [model] = positionals;
const path = values.cache;
if (path === undefined) throw new Error('give --cache, the weight cache');
if (model !== undefined) await buildWeightCache(await importModel(model), path);
const cache = await openWeightCache(path);
const tokenizer = Tokenizer.fromBytes(await cache.readTokenizer());
const prompt = tokenizer.encode('Once upon a time');
const engine = await Engine.open(cache);
const plan = profilingPlan(cache, prompt.length, 1);
const { kernel } = await engine.load({ plan, threads: 1, reader: 'pread' });
const digest = createHash('sha256');
const sequence = await engine.allocateKvCache();
const tokens: number[] = [];
let next = Array.from(prompt);
for (let step = 0; step < 16; step++) {
  const { logits } = await engine.pass([{ sequence, tokens: next }], [next.length - 1], [], true);
  digest.update(new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength));
  const token = logits.reduce((best, logit, i) => (logit > (logits[best] as number) ? i : best), 0);
  tokens.push(token);
  next = [token];
}
await engine.close();
console.log(JSON.stringify({ kernel, tokens, text: tokenizer.decode(tokens), logits: digest.digest('hex') }));
