import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamDecoder, Tokenizer } from '@flash-slim/model/tokenizer';
import type { Engine, SamplerOptions } from './engine.ts';
import { type GenerateOptions, generate } from './generate.ts';
import { perplexity } from './perplexity.ts';
import { getPrefillRunner } from './runners.ts';
import { greedy, testTokens, withEngine } from './testing/run.ts';
import { cutPlan, makeCache, testDirectory } from './testing/tiny-model.ts';

const { cache } = await makeCache(testDirectory(), 'generate', { kind: 'Q4_1' });
const { vocabularySize } = cache.manifest.model.config;
const plan = cutPlan(cache, { rowBlocks: 5, slotCount: 3, resident: (g) => g % 4 === 0, maxTokensPerPass: 8 });
const contextLength = plan.metadata.context_length;
const warm: SamplerOptions = { ...greedy, temperature: 0.9, topK: 40, topP: 0.95, seed: 5 };
const prompt = testTokens(21);

const loaded = <T>(use: (engine: Engine) => Promise<T>): Promise<T> => withEngine(cache, { plan, threads: 2 }, use);

async function tokensOf(engine: Engine, options: Partial<GenerateOptions> = {}): Promise<number[]> {
  const tokens: number[] = [];
  const all = { promptTokens: prompt, maxDecodeSteps: 20, sampling: warm, isEnd: () => false, ...options };
  for await (const token of generate(engine, all)) tokens.push(token);
  return tokens;
}

/** The plan has room for one sequence, so a leaked one shows in the next. */
const assertNoSequenceLeft = async (engine: Engine): Promise<void> =>
  engine.freeSequence(await engine.allocateKvCache());

async function logitsAfter(engine: Engine, tokens: number[]): Promise<Float32Array> {
  const sequence = await engine.allocateKvCache();
  try {
    let logits: Float32Array = new Float32Array();
    for (let begin = 0; begin < tokens.length; begin += 8) {
      const part = tokens.slice(begin, begin + 8);
      ({ logits } = await engine.pass([{ sequence, tokens: part }], [part.length - 1], [], true));
    }
    return logits;
  } finally {
    await engine.freeSequence(sequence);
  }
}

describe('sampling', () => {
  test('the same seed gives the same tokens, in this engine and another; another seed gives others', async () => {
    const first = await loaded(async (engine) => [await tokensOf(engine), await tokensOf(engine)]);
    assert.equal(first[0]?.length, 20);
    assert.deepEqual(first[0], first[1]);
    await loaded(async (engine) => {
      assert.deepEqual(await tokensOf(engine), first[0]);
      assert.notDeepEqual(await tokensOf(engine, { sampling: { ...warm, seed: 6 } }), first[0]);
    });
  });

  test('greedy takes the largest logit at every step', async () => {
    await loaded(async (engine) => {
      const tokens = await tokensOf(engine, { sampling: greedy });
      for (let i = 0; i < tokens.length; i++) {
        const logits = await logitsAfter(engine, [...prompt, ...tokens.slice(0, i)]);
        assert.equal(tokens[i], logits.indexOf(Math.max(...logits)), `token ${i}`);
      }
    });
  });

  test('values outside their range are refused before anything runs', async () => {
    await loaded(async (engine) => {
      const sampling = { ...warm, topP: 1.5 };
      await assert.rejects(tokensOf(engine, { sampling }), { code: 'INVALID_SAMPLING' });
      await assertNoSequenceLeft(engine);
    });
  });
});

describe('ends', () => {
  test('at a token that ends a text, which is the last one given', async () => {
    await loaded(async (engine) => {
      const all = await tokensOf(engine);
      const end = all[7] as number;
      const until = await tokensOf(engine, { isEnd: (token) => token === end });
      assert.deepEqual(until, all.slice(0, all.indexOf(end) + 1));
      await assertNoSequenceLeft(engine);
    });
  });

  test('after as many tokens as were asked for', async () => {
    await loaded(async (engine) => {
      const all = await tokensOf(engine);
      for (const maxDecodeSteps of [0, 1, 2, 20])
        assert.deepEqual(await tokensOf(engine, { maxDecodeSteps }), all.slice(0, maxDecodeSteps));
    });
  });

  test('with the context', async () => {
    await loaded(async (engine) => {
      const tokens = await tokensOf(engine, { maxDecodeSteps: 1000 });
      assert.equal(prompt.length + tokens.length, contextLength);
      const longest = await tokensOf(engine, { promptTokens: testTokens(contextLength - 1), maxDecodeSteps: 1000 });
      assert.equal(longest.length, 1);
    });
  });

  test('where the caller leaves, and the sequence is free again', async () => {
    await loaded(async (engine) => {
      const options = { promptTokens: prompt, maxDecodeSteps: 20, sampling: warm, isEnd: () => false };
      for (let leaveAfter = 1; leaveAfter <= 3; leaveAfter++) {
        let count = 0;
        for await (const _ of generate(engine, options)) if (++count === leaveAfter) break;
        await assertNoSequenceLeft(engine);
      }
      await assert.rejects(
        async () => {
          for await (const _ of generate(engine, options)) throw new Error('the reader went away');
        },
        { message: 'the reader went away' },
      );
      await assertNoSequenceLeft(engine);
      assert.equal((await tokensOf(engine)).length, 20);
    });
  });
});

describe('prompts', () => {
  test('that leave no room for an answer, or say nothing, are refused by what they are', async () => {
    await loaded(async (engine) => {
      for (const [tokens, code] of [
        [testTokens(contextLength), 'PROMPT_TOO_LONG'],
        [testTokens(contextLength + 100), 'PROMPT_TOO_LONG'],
        [[], 'PROMPT_EMPTY'],
      ] as const) {
        await assert.rejects(tokensOf(engine, { promptTokens: tokens }), { code });
        await assertNoSequenceLeft(engine);
      }
    });
  });

  test('are told of as they are read', async () => {
    await loaded(async (engine) => {
      const told: number[] = [];
      await tokensOf(engine, { onPrefill: (tokens) => told.push(tokens) });
      assert.deepEqual(told, [8, 16, 21]);
    });
  });

  test('count in the repetition penalty', async () => {
    await loaded(async (engine) => {
      const [seen] = (await tokensOf(engine, { sampling: greedy, maxDecodeSteps: 1 })) as [number];
      const sequence = await engine.allocateKvCache();
      const sampler = engine.createSampler({ ...greedy, repetitionPenalty: 1e6 }, [seen]);
      assert.notEqual(await getPrefillRunner(engine, sequence, sampler)(prompt), seen);
      engine.freeSampler(sampler);
      await engine.freeSequence(sequence);
    });
  });
});

test('perplexity is what its definition says', async () => {
  const window = 16;
  const text = testTokens(53);
  const scoring = cutPlan(cache, { rowBlocks: 5, maxTokensPerPass: 7, maxLogitRows: 7 });
  const bosToken = 1;
  const report = await withEngine(cache, { plan: scoring, threads: 1 }, (engine) =>
    perplexity(engine, { tokens: text, bosToken, window }),
  );
  await loaded(async (engine) => {
    const losses: number[] = [];
    for (let w = 0; w < 3; w++) {
      const ids = text.slice(w * window, (w + 1) * window);
      ids[0] = bosToken;
      for (let i = window / 2; i < window - 1; i++) {
        const logits = Array.from(await logitsAfter(engine, ids.slice(0, i + 1)));
        const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
        losses.push(-Math.log(Math.exp(logits[ids[i + 1] as number] as number) / total));
      }
    }
    const mean = losses.reduce((a, b) => a + b) / losses.length;
    const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length;
    assert.equal(report.tokens, losses.length);
    assert.ok(Math.abs(report.perplexity / Math.exp(mean) - 1) < 1e-9, `${report.perplexity} and ${Math.exp(mean)}`);
    const error = Math.exp(mean) * Math.sqrt(variance / (losses.length - 1));
    assert.ok(Math.abs(report.standard_error / error - 1) < 1e-6, `${report.standard_error} and ${error}`);
    await assert.rejects(perplexity(engine, { tokens: testTokens(31), bosToken, window }), { code: 'TEXT_TOO_SHORT' });
    await assertNoSequenceLeft(engine);
  });
});

test('characters are never cut while tokens stream', async () => {
  const tokenizer = Tokenizer.fromBytes(await cache.readTokenizer());
  assert.equal(tokenizer.vocabularySize, vocabularySize);
  await loaded(async (engine) => {
    let held = 0;
    for (let seed = 0; seed < 12; seed++) {
      // A random model's bytes: most are no UTF-8 at all, and every byte of a character is a token of its own.
      const tokens = await tokensOf(engine, {
        sampling: { ...warm, temperature: 3, topK: 0, topP: 1, seed },
        maxDecodeSteps: 40,
      });
      const decoder = new StreamDecoder(tokenizer);
      const pieces = tokens.map((token) => decoder.push(token));
      held += pieces.filter((piece) => piece === '').length;
      const text = [...pieces, decoder.end()].join('');
      assert.equal(text, tokenizer.decode(tokens));
      for (const piece of pieces) assert.equal(Buffer.from(piece, 'utf8').toString('utf8'), piece);
    }
    assert.ok(held > 0, 'some characters were held back until they were whole');
  });
  const decoder = new StreamDecoder(tokenizer);
  const pieces = Array.from(tokenizer.encode('né 🦜 猫', { addBos: false }), (id) => decoder.push(id));
  assert.ok(pieces.every((piece) => !piece.includes('\uFFFD')));
  assert.equal(pieces.join(''), 'né 🦜 猫');
});
