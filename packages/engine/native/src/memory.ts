// Memory that the system charges to this process beside its own (binding/memory_binding.cc).
import { addon } from './addon.ts';

interface MemoryAddon {
  dropFilePages(fd: number, offset: number, bytes: number): Promise<void>;
  dropUnmappedFilePages(): void;
}

/**
 * Drops the page cache of this process's binary and libraries that nobody has mapped, and has later faults read single
 * pages: what stays charged to the memory cgroup for them is what VmRSS counts.
 */
export const dropUnmappedFilePages = (): void => (addon as unknown as MemoryAddon).dropUnmappedFilePages();

/** Waits until what was written to that range is on the device, and drops it from the page cache. Never rejects. */
export const dropFilePages = (fd: number, offset: number, bytes: number): Promise<void> =>
  (addon as unknown as MemoryAddon).dropFilePages(fd, offset, bytes);
