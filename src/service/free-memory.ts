import { freemem } from 'node:os';
import { residentBytes } from '../metrics/child-metrics.ts';

/**
 * Bytes that are free: of the machine, and of what the processes of a service may hold together, `usable`. What files take in a cache is free: the kernel gives it up.
 */
export async function freeMemory(usable: number, pids: readonly (number | undefined)[]): Promise<number> {
  const held = await Promise.all(pids.map(residentBytes));
  return Math.min(freemem(), usable - held.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0));
}
