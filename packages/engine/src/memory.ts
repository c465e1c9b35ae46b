// What the process holds, as the system counts it.
import { existsSync, readFileSync } from 'node:fs';

const status = (field: string): number => {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return match ? Number(match[1]) * 1024 : 0;
};

export const residentSetBytes = (): number => status('VmRSS');

export interface PeakMemory {
  bytes: number;
  /** Where the figure comes from: the process's own memory cgroup, page cache included, or VmHWM. */
  source: 'cgroup' | 'VmHWM';
}

/** The peak since the start of the process: its memory cgroup's, where it is the only process in one, else VmHWM. */
export function peakMemory(): PeakMemory {
  const cgroup = ownCgroup();
  if (cgroup !== null) return { bytes: Number(readFileSync(cgroup.peakFile, 'utf8')), source: 'cgroup' };
  return { bytes: status('VmHWM'), source: 'VmHWM' };
}

/** The memory cgroup (v1 or v2) that holds this process alone, null where it shares one. */
function ownCgroup(): { peakFile: string } | null {
  try {
    for (const line of readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')) {
      const [, controllers = '', path = ''] = line.split(':');
      const v1 = controllers.split(',').includes('memory');
      if (!v1 && controllers !== '') continue;
      const directory = v1 ? `/sys/fs/cgroup/memory${path}` : `/sys/fs/cgroup${path}`;
      const peakFile = `${directory}/${v1 ? 'memory.max_usage_in_bytes' : 'memory.peak'}`;
      if (path === '/' || !existsSync(peakFile)) continue;
      const processes = readFileSync(`${directory}/cgroup.procs`, 'utf8').trim().split('\n');
      if (processes.length === 1 && Number(processes[0]) === process.pid) return { peakFile };
    }
  } catch {
    // No cgroup file system, or not ours to read: VmHWM tells.
  }
  return null;
}
