import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Engine, profilingPlan } from '@flash-slim/engine';
import { importModel } from '@flash-slim/model';
import type { ChatMessage } from '@flash-slim/model/chat';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { Tokenizer } from '@flash-slim/model/tokenizer';
import { buildWeightCache, openWeightCache, type WeightCache } from '@flash-slim/weight-cache';
import { Conversation, type ConversationOptions } from './conversation.ts';

const directory = mkdtempSync(join(tmpdir(), 'conversation-'));
after(() => rmSync(directory, { recursive: true }));
let cache: WeightCache;
let tokenizer: Tokenizer;

before(async () => {
  const model = join(directory, 'm.gguf');
  writeRandomGguf(model);
  await buildWeightCache(await importModel(model), join(directory, 'weights.fsw'));
  cache = await openWeightCache(join(directory, 'weights.fsw'));
  tokenizer = Tokenizer.fromBytes(await cache.readTokenizer());
});

/** A template without a grammar: every message on a line. The context has room for `contextLength` tokens. */
async function withConversation<T>(
  use: (conversation: Conversation, engine: Engine) => Promise<T>,
  options: Partial<ConversationOptions> = {},
  contextLength = 256,
): Promise<T> {
  const engine = await Engine.open(cache);
  try {
    await engine.load({ plan: profilingPlan(cache, contextLength - 64, 2), threads: 2 });
    const conversation = await Conversation.start({
      engine,
      tokenizer,
      encode: async (messages: ChatMessage[]) =>
        tokenizer.encode(messages.map(({ role, content }) => `${role}: ${content}\n`).join(''), { addBos: true }),
      sampling: () => ({ temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1 }),
      maxDecodeSteps: 8,
      system: null,
      onDrop: () => {},
      ...options,
    });
    return await use(conversation, engine);
  } finally {
    await engine.close();
  }
}

const quiet = () => {};

test('an answer on reused keys and values is the answer on fresh ones', async () => {
  const { history, answer, reused } = await withConversation(async (conversation) => {
    await conversation.say('one two', quiet);
    const history = [...conversation.messages];
    const turn = await conversation.say('three', quiet);
    return { history, answer: turn.answer, reused: turn.reused_tokens };
  });
  assert.ok(reused > 10, `${reused} tokens reused`);
  const fresh = await withConversation(async (conversation) => {
    conversation.messages.push(...history);
    return await conversation.say('three', quiet);
  });
  assert.equal(fresh.reused_tokens, 0);
  assert.equal(fresh.answer, answer);
});

test('oldest turns are left out, the system message stays, and what is said fits', async () => {
  const drops: number[] = [];
  const onDrop = (count: number) => drops.push(count);
  await withConversation(
    async (conversation, engine) => {
      for (let i = 0; i < 12; i++) {
        const turn = await conversation.say(`message ${i}`, quiet);
        assert.ok(turn.prompt_tokens + turn.generated_tokens <= engine.plan.metadata.context_length);
        assert.deepEqual(conversation.messages[0], { role: 'system', content: 'be brief' });
        assert.equal(conversation.messages.at(-2)?.content, `message ${i}`);
        const roles = conversation.messages.slice(1).map(({ role }) => role);
        assert.ok(
          roles.every((role, n) => role === (n % 2 === 0 ? 'user' : 'assistant')),
          roles.join(' '),
        );
      }
    },
    { system: 'be brief', onDrop },
  );
  assert.ok(drops.length > 0 && drops.length < 11, `${drops}`);
});

test('a message that cannot fit is refused and forgotten', async () => {
  await withConversation(async (conversation) => {
    await conversation.say('one', quiet);
    const before = [...conversation.messages];
    await assert.rejects(conversation.say('long '.repeat(400), quiet), { code: 'PROMPT_TOO_LONG' });
    assert.deepEqual(conversation.messages, before);
    assert.ok((await conversation.say('two', quiet)).generated_tokens > 0);
  });
});

test('an answer that is stopped stays as far as it came, and the next one is as if it had ended there', async () => {
  const stopped = await withConversation(
    async (conversation) => {
      let pieces = 0;
      const turn = await conversation.say('one', () => {
        if (++pieces === 3) conversation.stop();
      });
      const history = [...conversation.messages];
      return { turn, history, next: await conversation.say('two', quiet) };
    },
    { maxDecodeSteps: 60 },
  );
  assert.ok(stopped.turn.interrupted && stopped.turn.generated_tokens < 60);
  assert.equal(stopped.next.interrupted, false);
  const fresh = await withConversation(
    async (conversation) => {
      conversation.messages.push(...stopped.history);
      return await conversation.say('two', quiet);
    },
    { maxDecodeSteps: 60 },
  );
  assert.equal(fresh.answer, stopped.next.answer);
});

test('/reset forgets all but the system message', async () => {
  await withConversation(
    async (conversation) => {
      await conversation.say('one', quiet);
      conversation.reset();
      assert.deepEqual(conversation.messages, [{ role: 'system', content: 'be brief' }]);
    },
    { system: 'be brief' },
  );
});
