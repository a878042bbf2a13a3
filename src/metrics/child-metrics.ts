import { readFile } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import { liveGauge } from './live-gauge.ts';

export interface ChildMetrics {
  /** From now on the memory of the child that `pid` names is measured; undefined while there is none. */
  watch(child: 'device' | 'extractor' | 'trainer', pid: () => number | undefined): void;
}

export function childMetrics(registers: Registry[]): ChildMetrics {
  const pids = new Map<string, () => number | undefined>();
  liveGauge({
    name: 'armature_child_resident_memory_bytes',
    help: 'Memory of a child process; that of the process itself is process_resident_memory_bytes. Linux only.',
    labelNames: ['child'],
    registers,
    async read() {
      const values = [...pids].map(async ([child, pid]) => ({ labels: { child }, value: await residentBytes(pid()) }));
      return (await Promise.all(values)).flatMap(({ labels, value }) => (value === null ? [] : [{ labels, value }]));
    },
  });
  return { watch: (child, pid) => void pids.set(child, pid) };
}

/** Memory of a process; null where there is no such process, or the system does not tell. */
export async function residentBytes(pid: number | undefined): Promise<number | null> {
  if (pid === undefined) return null;
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
