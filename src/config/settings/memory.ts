import { totalmem } from 'node:os';

/**
 * Bytes of memory that this process may use: those of the machine, or fewer where a container's limit (cgroup) says so.
 * Without a limit libuv gives 0, or a number beyond any memory.
 */
export function usableMemory(limit = process.constrainedMemory(), installed = totalmem()): number {
  return limit > 0 && limit < installed ? limit : installed;
}
