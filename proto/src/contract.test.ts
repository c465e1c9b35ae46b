// buf's checks of the contract: style, compatibility with what is published, generated code that is up to date.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const proto = fileURLToPath(new URL('..', import.meta.url));
const root = join(proto, '..');
const copy = mkdtempSync(join(tmpdir(), 'flash-slim-proto-'));
after(() => rmSync(copy, { recursive: true }));
for (const name of ['flashslim', 'buf.yaml', 'buf.gen.yaml'])
  cpSync(join(proto, name), join(copy, name), { recursive: true });

function buf(...args: string[]): { status: number | null; output: string } {
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`;
  const { status, stdout, stderr } = spawnSync('buf', args, {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
  return { status, output: stdout + stderr };
}

test('buf lint', () => {
  assert.deepEqual(buf('lint'), { status: 0, output: '' });
});

test('the generated code and descriptors are those of the .proto files', () => {
  assert.deepEqual(buf('generate'), { status: 0, output: '' });
  assert.deepEqual(buf('build', '--as-file-descriptor-set', '-o', 'descriptors.binpb'), { status: 0, output: '' });
  const files = (readdirSync(join(copy, 'src'), { recursive: true }) as string[]).filter((name) =>
    name.endsWith('.ts'),
  );
  assert.ok(files.length >= 4);
  for (const name of [...files.map((name) => join('src', name)), 'descriptors.binpb'])
    assert.deepEqual(readFileSync(join(copy, name)), readFileSync(join(proto, name)), `${name}: run npm run generate`);
});

test('buf breaking refuses a field that is taken away', () => {
  const changed = join(copy, 'flashslim/v1/profiler.proto');
  const before = readFileSync(changed, 'utf8');
  writeFileSync(changed, before.replace('uint64 bytes = 2;', ''));
  const { status, output } = buf('breaking', '--against', proto);
  writeFileSync(changed, before);
  assert.notEqual(status, 0);
  assert.match(output, /CreateUploadRequest/);
});

test('buf breaking against the published contract', (t) => {
  const published = ['origin/main', 'main'].find(
    (ref) => spawnSync('git', ['rev-parse', '-q', '--verify', `${ref}:proto/buf.yaml`], { cwd: root }).status === 0,
  );
  if (published === undefined) return t.skip('no main branch with a contract here');
  // Outside the module that is checked, or buf takes it for a part of it.
  const files = mkdtempSync(join(tmpdir(), 'flash-slim-proto-published-'));
  const archive = execFileSync('git', ['archive', published, 'proto'], { cwd: root });
  execFileSync('sh', ['-c', `tar -x -C "${files}"`], { input: archive });
  const result = buf('breaking', '--against', join(files, 'proto'));
  rmSync(files, { recursive: true });
  assert.deepEqual(result, { status: 0, output: '' });
});
