// Memory that the system charges to this process beside its own (binding/memory_binding.cc).
import { addon } from './addon.ts';

interface MemoryAddon {
  dropUnmappedFilePages(): void;
}

/**
 * Drops the page cache of this process's binary and libraries that nobody has mapped, and has later faults read single
 * pages: what stays charged to the memory cgroup for them is what VmRSS counts.
 */
export const dropUnmappedFilePages = (): void => (addon as unknown as MemoryAddon).dropUnmappedFilePages();
