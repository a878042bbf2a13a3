import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usableMemory } from '../../src/config/settings/memory.ts';
import { packageRoot } from '../../src/config/package-files.ts';

describe('the memory that may be used', () => {
  it('is that of the machine where there is no limit, in all the ways in which none is told', () => {
    const machine = 16 * 2 ** 30;
    for (const none of [0, 2 ** 64, machine, machine + 1]) expect(usableMemory(none, machine)).toBe(machine);
  });

  it('is the limit where there is one', () => {
    expect(usableMemory(2 ** 30, 16 * 2 ** 30)).toBe(2 ** 30);
  });
});

const limit = 2 ** 30;
const group = makeGroup();

describe.skipIf(group === null)(
  `a process with a limit${group === null ? ' (skipped: needs root and cgroups)' : ''}`,
  () => {
    beforeAll(() => expect(totalmem()).toBeGreaterThan(limit));
    afterAll(() => rmdirSync(group!));

    it('has half of the limit as its memory budget', () => {
      const script =
        "import { readConfig } from './dist/config/config.js'; console.log(readConfig({}, {}).memoryBudget)";
      const node = `exec "${process.execPath}" --input-type=module -e "$1"`;
      const inGroup = spawnSync('sh', ['-c', `echo $$ > "${group}/cgroup.procs"; ${node}`, 'sh', script], {
        cwd: packageRoot,
        encoding: 'utf8',
      });
      expect(inGroup.stderr).toBe('');
      expect(Number(inGroup.stdout)).toBe(limit / 2);
    });
  },
);

/** A control group with a limit on memory, of version 2 or 1; null where this process may not make one. */
function makeGroup(): string | null {
  for (const [root, file] of [
    ['/sys/fs/cgroup', 'memory.max'],
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ] as const) {
    const folder = join(root, `armature-test-${process.pid}`);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    try {
      writeFileSync(join(folder, file), String(limit), { flag: 'r+' });
      return folder;
    } catch {
      rmdirSync(folder);
    }
  }
  return null;
}
