import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { DeviceProfile } from '@flash-slim/plan';
import { deviceProfilePath, flashSlim, repository, type Setting } from '../harness/setting.ts';
import { present, type Section, table } from './section.ts';

interface Machine {
  cpu: string;
  cores: number;
  kernel_release: string;
  memory_bytes: number;
  node: string;
  flash_slim: string;
  onnx_runtime: string;
  device: DeviceProfile | null;
  failure: string | null;
}

export const machine: Section<Machine> = {
  name: 'machine',
  title: 'Machine',
  once: true,
  steps: (setting) => ({ steps: [probeStep(setting)], skipped: [] }),
  summarize: (_setting, [outcome]) => ({
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    kernel_release: release(),
    memory_bytes: totalmem(),
    node: process.version,
    flash_slim: versionOf('package.json'),
    onnx_runtime: versionOf('node_modules/onnxruntime-node/package.json'),
    device: outcome?.failure === null ? (JSON.parse(outcome.stdout) as DeviceProfile) : null,
    failure: outcome?.failure ?? null,
  }),
  document: (result) => {
    const { device } = result;
    const rows = [
      ['CPU', `${result.cpu}, ${result.cores} cores${device ? `, ${device.instruction_sets.join(' ')}` : ''}`],
      ['memory', `${(result.memory_bytes / 1e9).toFixed(1)} GB`],
      ['kernel', `Linux ${result.kernel_release}`],
      ['versions', `flash-slim ${result.flash_slim}, ONNX Runtime ${result.onnx_runtime}, Node.js ${result.node}`],
    ];
    if (device) rows.push(['compute kernel', device.kernel], ['storage', describeStorage(device)]);
    return [...table(['', ''], rows), ...present(result.failure).map((failure) => `\nprobe failed: ${failure}`)];
  },
};

export function probeStep(setting: Setting): { key: string; program: string; args: string[]; timeoutMs: number } {
  const output = deviceProfilePath(setting.directory);
  const args = ['probe', '--path', setting.directory, '--output', output, '--json'];
  return { key: 'probe', program: flashSlim, args: setting.quick ? [...args, '--quick'] : args, timeoutMs: 180_000 };
}

function describeStorage({ storage }: DeviceProfile): string {
  const { best } = storage;
  const pages = best.huge_pages ? 'huge pages' : '4 KB pages';
  return (
    `${(storage.bandwidth_bytes_per_second / 1e9).toFixed(2)} GB/s (${best.reader}, ${best.block_bytes >> 10} KB x ` +
    `${best.depth}, ${pages}, ${storage.direct ? 'O_DIRECT' : 'buffered'}); latency ${(storage.latency_ms * 1000).toFixed(0)} us`
  );
}

const versionOf = (file: string): string =>
  (JSON.parse(readFileSync(join(repository, file), 'utf8')) as { version: string }).version;
