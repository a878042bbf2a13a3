import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessMemory {
  readonly pid: number;
  /** What it runs: its script, or its program. */
  readonly name: string;
  readonly megabytes: number;
}

/** Resident memory of a process and all that it started (Linux). */
export function residentMemory(root: number): readonly ProcessMemory[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const parent = /^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1];
        return parent === undefined ? [] : [[Number(name), Number(parent)] as const];
      }),
  );
  const belongs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) if (at === root) return true;
    return false;
  };
  return [...parents.keys()].filter(belongs).map((pid) => {
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
    const [program = '', ...words] = read(`/proc/${pid}/cmdline`).split('\0');
    const script = words.find((word) => !word.startsWith('-')) ?? '';
    return { pid, name: script === '' ? program : script.split('/').slice(-2).join('/'), megabytes: kilobytes / 1024 };
  });
}

/** A process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
