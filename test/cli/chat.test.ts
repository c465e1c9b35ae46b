// `chat` as a script and as a person use it: piped lines, and a terminal.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeRandomGguf } from '@flash-slim/model/testing';
import { executable } from './run-cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-chat-'));
after(() => rmSync(directory, { recursive: true }));
const model = join(directory, 'm.gguf');
const env = { ...process.env, FLASH_SLIM_HOME: join(directory, 'home') };
const chat = ['chat', '--model', model, '--temperature', '0', '--context-length', '4096', '--quiet'];

before(() => writeRandomGguf(model));

class Talk {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly code: Promise<number | null>;

  constructor(argv: string[]) {
    const [program = '', ...args] = argv;
    this.child = spawn(program, args, { env, stdio: 'pipe' });
    this.child.stdout?.on('data', (data) => {
      this.stdout += data;
    });
    this.child.stderr?.on('data', (data) => {
      this.stderr += data;
    });
    this.code = new Promise((resolve) => this.child.on('close', resolve));
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  async until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 60_000;
    while (!condition()) {
      assert.ok(Date.now() < end && this.child.exitCode === null, `${this.stdout}\n${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

test('piped lines are answered one by one, and commands heeded', { timeout: 120_000 }, async () => {
  const saved = join(directory, 'saved.json');
  const talk = new Talk([executable, ...chat, '--max-decode-steps', '6', '--system', 'be brief', '--json']);
  talk.child.stdin?.end(`one\ntwo\n/save ${saved}\n/save /proc/x/y\n/what\n/reset\nthree\n/exit\nnever\n`);
  assert.equal(await talk.code, 0, talk.stderr);
  const { turns, messages } = JSON.parse(talk.stdout);
  assert.equal(turns.length, 3);
  assert.ok(turns[1].reused_tokens > 0);
  assert.deepEqual(
    messages.map(({ role }: { role: string }) => role),
    ['system', 'user', 'assistant'],
  );
  const file = JSON.parse(readFileSync(saved, 'utf8'));
  assert.deepEqual(
    file.messages.map(({ content }: { content: string }) => content),
    ['be brief', 'one', turns[0].answer, 'two', turns[1].answer],
  );
  assert.match(talk.stderr, /cannot write \/proc\/x\/y/);
  assert.match(talk.stderr, /there is no \/what/);
});

test('the first SIGINT stops the answer, the second in a row leaves', { timeout: 120_000 }, async () => {
  const talk = new Talk([executable, ...chat, '--max-decode-steps', '3900']);
  talk.write('one\n');
  await talk.until(() => talk.stdout.length > 5);
  talk.child.kill('SIGINT');
  await talk.until(() => talk.stderr.includes('(stopped)'));
  const length = talk.stdout.length;
  talk.write('two\n');
  await talk.until(() => talk.stdout.length > length + 5);
  talk.child.kill('SIGINT');
  await talk.until(() => talk.stderr.split('(stopped)').length === 3);
  talk.child.kill('SIGINT');
  assert.equal(await talk.code, 130);
});

const script = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
test('on a terminal', { skip: script ? false : 'no script (util-linux)', timeout: 120_000 }, async () => {
  const words = [executable, ...chat, '--max-decode-steps', '3900'].map((word) => `'${word}'`).join(' ');
  const talk = new Talk(['script', '-qec', words, '/dev/null']);
  await talk.until(() => talk.stdout.includes('> '));
  talk.write('one\r');
  const echoed = () => talk.stdout.slice(talk.stdout.indexOf('one'));
  await talk.until(() => echoed().length > 20);
  talk.write('\x03');
  await talk.until(() => talk.stdout.includes('(stopped)'));
  talk.write('/help\r');
  await talk.until(() => talk.stdout.includes('forget what was said'));
  talk.write('\x03');
  await talk.until(() => talk.stdout.includes('again leaves'));
  talk.write('/exit\r');
  assert.equal(await talk.code, 0);
});

test('a model without a chat template is refused', { timeout: 120_000 }, async () => {
  const bare = join(directory, 'bare.gguf');
  writeRandomGguf(bare);
  const bytes = readFileSync(bare);
  bytes.write('tokenizer.chat_templatE', bytes.indexOf('tokenizer.chat_template'));
  writeFileSync(bare, bytes);
  const talk = new Talk([executable, ...chat.with(chat.indexOf(model), bare), '--json']);
  talk.child.stdin?.end('one\n');
  assert.equal(await talk.code, 2, talk.stderr);
  assert.equal(JSON.parse(talk.stdout).error.code, 'NO_CHAT_TEMPLATE');
});
