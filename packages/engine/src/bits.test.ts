// One answer for the whole fleet: logits of small models, bit by bit, as every machine and every kernel has to give them. A
// hash that differs here is a change of every answer (docs/adr/0002-kernels.md), or a CPU that computes otherwise.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type RandomGgufOptions, variants } from '@flash-slim/model/testing';
import { deviceFacts } from '@flash-slim/native';
import { runCourse } from './testing/run.ts';
import { cutPlan, makeCache, smallShape, testDirectory } from './testing/tiny-model.ts';

const directory = testDirectory();
/** The model file too: a difference there is none of the engine's. */
interface Hashes {
  model: string;
  logits: string;
}
const models: Record<string, { options: RandomGgufOptions; hashes: Hashes }> = {
  'llama, Q4_0': {
    options: { kind: 'Q4_0', shape: smallShape },
    hashes: { model: '5691defe374fc55c', logits: 'd51078edd494778d' },
  },
  'qwen2, two kinds': {
    options: { ...variants.qwen2, kind: 'Q8_0', kinds: { 'blk.1.ffn_up.weight': 'F16' } },
    hashes: { model: 'd5d44bbcaf6ae6a0', logits: '85f184bbaf64b468' },
  },
  'gemma3, Q8_0': {
    options: { ...variants.gemma3, kind: 'Q8_0' },
    hashes: { model: '452bdc545cc26a86', logits: '36a8bc4977c017c0' },
  },
  'mistral3, F16: YaRN, temperature': {
    options: { ...variants.mistral3, kind: 'F16' },
    hashes: { model: 'adc203569bf13d5c', logits: '8bd55e798905054a' },
  },
  'qwen2moe, Q8_0: experts': {
    options: { ...variants.qwen2moe, kind: 'Q8_0' },
    hashes: { model: '1b93b7645fd33ca7', logits: '5d5d9292fd49a3e6' },
  },
};

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

for (const [name, { options, hashes }] of Object.entries(models)) {
  test(name, async () => {
    const { model, cache } = await makeCache(directory, name, options);
    assert.equal(hash(readFileSync(model)), hashes.model, 'the model');
    for (const kernel of deviceFacts().kernels) {
      const plan = cutPlan(cache, { rowBlocks: 3, slotCount: 3 });
      assert.equal(hash(await runCourse(cache, { plan, kernel })), hashes.logits, kernel);
    }
  });
}
