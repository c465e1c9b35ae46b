// What holds for every command: help, wrong arguments, --json, exit codes, Ctrl-C.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { executable, flashSlim, run } from './run-cli.ts';

const home = mkdtempSync(join(tmpdir(), 'flash-slim-home-'));
const env = { FLASH_SLIM_HOME: home };
after(() => rmSync(home, { recursive: true }));

const overview = await flashSlim(['--help']);
const commands = [...(overview.stdout.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm)]
  .map(([, name = '']) => name)
  .filter((name) => name !== 'help');

test('the overview lists the commands, and each has help with examples', async () => {
  assert.equal(overview.code, 0);
  for (const name of ['pull', 'probe']) assert.ok(commands.includes(name), name);
  for (const name of commands) {
    const { code, stdout, stderr } = await flashSlim([name, '--help']);
    assert.deepEqual([code, stderr], [0, ''], name);
    assert.match(stdout, new RegExp(`Examples:\n  flash-slim ${name} `), name);
    assert.match(stdout, /--json/, name);
  }
});

test('wrong arguments: one sentence, exit code 2, and with --json one object', async () => {
  const wrong = [
    [],
    ['no-such-command'],
    ['pull'],
    ['pull', 'a', 'b'],
    ...commands.map((name) => [name, '--no-such-flag']),
  ];
  for (const args of wrong) {
    const { code, stdout, stderr } = await flashSlim(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /^flash-slim: [^\n]+\n$/, args.join(' '));
  }
  const { code, stdout } = await flashSlim(['pull', '--no-such-flag', '--json']);
  assert.equal(code, 2);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  assert.equal(error.code, 'USAGE');
  assert.match(error.message, /--no-such-flag/);
});

test('bad input is 2, a failure at run time is 1', async () => {
  assert.equal((await flashSlim(['pull', 'no-such-model'], { env })).code, 2);
  assert.equal((await flashSlim(['pull', '/etc/passwd'], { env })).code, 2);
  const server = createServer((_request, response) => void response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.gguf`;
  const { code, stdout } = await flashSlim(['pull', url, '--json', '--quiet'], { env });
  server.close();
  assert.equal(code, 1);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'DOWNLOAD_FAILED');
});

test('Ctrl-C ends with 130 within a second, SIGTERM with 143', async () => {
  const server = createServer(() => {}); // never answers
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.gguf`;
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    let sent = 0;
    const { code, stderr } = await flashSlim(['pull', url], {
      env,
      onStderr: (text, child) => {
        if (sent !== 0 || !text.includes('downloading')) return;
        sent = Date.now();
        child.kill(signal);
      },
    });
    assert.equal(code, expected);
    assert.match(stderr, /^flash-slim: interrupted$/m);
    assert.ok(Date.now() - sent < 1000);
  }
  server.closeAllConnections();
  server.close();
});

test('a reader that goes away is no error', async () => {
  const { code, stderr } = await run(['bash', '-c', `set -o pipefail; ${executable} --help | true`]);
  assert.ok(code === 0 || code === 141, `${code}`);
  assert.equal(stderr, '');
});
