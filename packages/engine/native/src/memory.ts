// Memory that the system charges to this process beside its own (binding/memory_binding.cc).
import { addon } from './addon.ts';

interface MemoryAddon {
  dropFilePages(fd: number, offset: number, bytes: number): Promise<void>;
  dropBinaryPages(mapped: boolean): void;
}

/**
 * Drops what nobody has mapped of this process's binary and libraries from the page cache, where it would count towards
 * the memory cgroup. For the moment before more is loaded: what this process uses stays.
 */
export const dropUnusedBinaryPages = (): void => (addon as unknown as MemoryAddon).dropBinaryPages(false);

/**
 * The same, and gives back the constants of this process's binary and libraries, 16 MB that only starting up needed. What is
 * needed on is read again, page by page.
 */
export const releaseBinaryPages = (): void => (addon as unknown as MemoryAddon).dropBinaryPages(true);

/** Waits until what was written to that range is on the device, and drops it from the page cache. Never rejects. */
export const dropFilePages = (fd: number, offset: number, bytes: number): Promise<void> =>
  (addon as unknown as MemoryAddon).dropFilePages(fd, offset, bytes);
