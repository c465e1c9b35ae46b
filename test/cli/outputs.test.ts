// What scripts read: stdout is exactly one JSON object with the fields that are promised, and files hold what they should.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { flashSlim } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-outputs-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);
const model = at('tiny.gguf');
const env = { FLASH_SLIM_HOME: at('home') };

async function succeed(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await flashSlim(args, { env });
  assert.equal(code, 0, stderr);
  return stdout;
}

/** JSON.parse refuses anything before or after the one object. */
const json = async (args: string[]) => JSON.parse(await succeed([...args, '--json']));
const generate = ['generate', '--model', model, '--context-length', '64', '--max-decode-steps', '4', '--ignore-eos'];

before(() => {
  writeRandomGguf(model);
});

test('generate --json has what is promised', async () => {
  const result = await json([...generate, '--prompt', 'abc', '--csv-profile-output-path', at('operators.csv')]);
  const numbers = [
    ...['prompt_tokens', 'generated_tokens', 'time_to_first_token_ms', 'prefill_tokens_per_second'],
    ...['decode_tokens_per_second', 'budget_bytes', 'peak_memory_bytes', 'baseline_bytes', 'weights_bytes'],
    ...['resident_bytes', 'streamed_bytes_per_pass', 'bytes_read', 'compute_ms', 'stall_ms'],
  ];
  for (const name of numbers) assert.equal(typeof result[name], 'number', name);
  for (const name of ['text', 'kernel', 'reader']) assert.equal(typeof result[name], 'string', name);
  assert.equal(typeof result.plan.strategy, 'string');
  assert.ok(result.plan.predicted_pass_ms > 0 && result.plan.measured_pass_ms > 0);
  assert.equal(result.token_ids.length, 4);
  assert.equal(result.generated_tokens, 4);
  const [header, ...rows] = readFileSync(at('operators.csv'), 'utf8').trim().split('\n');
  assert.equal(header, 'node,operator,calls,total_ms,avg_ms,percent');
  for (const operator of ['StreamMatMul', 'RaggedAttention', 'GatherRows'])
    assert.ok(
      rows.some((row) => row.split(',')[1] === operator),
      `no ${operator} in ${rows.length} rows`,
    );
});

test('a JSON file of prompts gives a result each, in order', async () => {
  writeFileSync(at('prompts.json'), JSON.stringify(['abc', { prompt: 'a' }]));
  const { results } = await json([...generate, '--prompt-file', at('prompts.json')]);
  const tokens = results.map((result: { prompt_tokens: number }) => result.prompt_tokens);
  assert.equal(tokens.length, 2);
  assert.ok(tokens[0] > tokens[1]);
});

test('perplexity --json', async () => {
  writeFileSync(at('text.txt'), 'abc def '.repeat(40));
  const args = ['perplexity', '--model', model, '--file', at('text.txt'), '--window', '64', '--context-length', '64'];
  const result = await json(args);
  assert.ok(result.perplexity > 1 && result.standard_error >= 0 && result.tokens > 0, JSON.stringify(result));
});

test('profile, plan --explain, and generation by that plan alone', async () => {
  await json(['profile', '--model', model, '--out', at('profiled')]);
  const [cmt, plan] = [at('profiled/weight_chunks_metadata_table.json'), at('plan.json')];
  const planned = ['plan', '--cmt', cmt, '--context-length', '64', '--output', plan];
  const text = await succeed([...planned, '--memory-budget', '120MB', '--explain']);
  for (const word of [/KV/, /resident/, /reserve/, /PREFILL|prefill/, /DECODE|decode/]) assert.match(text, word);
  const result = await json([...generate, '--prompt', 'abc', '--plan', plan]);
  assert.equal(result.generated_tokens, 4);
  // Made from another model's table.
  const other = at('other.gguf');
  writeRandomGguf(other, { seed: 2 });
  const args = generate.with(generate.indexOf(model), other);
  const stale = await flashSlim([...args, '--prompt', 'abc', '--plan', plan, '--quiet'], { env });
  assert.equal(stale.code, 2, stale.stderr);
  assert.match(stale.stderr, /^flash-slim: [^\n]*plan[^\n]*\n$/);
});

test('export-onnx', async () => {
  const written = await json(['export-onnx', '--model', model, '--out', at('plain')]);
  assert.ok(statSync(written.model).size > 0);
  assert.equal(statSync(written.data).size, written.data_bytes);
});
