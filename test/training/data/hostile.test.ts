import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { readTrainingSet } from '../../../src/training/data/read-set.ts';
import { hostileLimits, hostileSets } from './hostile-sets.ts';
import { parts, rules } from './twelve-pairs.ts';

describe('hostile and broken sets', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'armature-hostile-'));
    await mkdir(join(root, 'inner'));
  });
  afterAll(async () => await rm(root, { recursive: true, force: true }));

  it('are refused in a sentence, write nothing and leave memory as it was', async () => {
    const cases = await hostileSets();
    expect(cases.length).toBeGreaterThanOrEqual(500);
    const path = join(root, 'inner', 'set');
    const wrong: string[] = [];
    let taken = 0;
    const before = process.memoryUsage();
    for (const { name, bytes, says } of cases) {
      await writeFile(path, bytes);
      const error = await readTrainingSet({ path }, { ...rules, limits: hostileLimits }, parts()).then(
        async (set) => {
          await set.close();
          return null;
        },
        (reason: unknown) => reason,
      );
      if (error === null) taken += 1;
      if (error === null && says === null) continue;
      const isClear =
        error instanceof ArmatureError && error.message.length < 4000 && !/\n|undefined|\bat \//.test(error.message);
      const isRight = isClear && error.code !== 'internal' && (says === null || says.test(error.message));
      if (!isRight)
        wrong.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message).slice(0, 400) : String(error)}`);
    }
    expect(wrong).toEqual([]);
    // Of those with a few wrong bytes some are whole where it counts.
    expect(taken).toBeLessThan(120);
    expect(await readdir(root)).toEqual(['inner']);
    expect(await readdir(join(root, 'inner'))).toEqual(['set']);
    await expect(lstat('/etc/out.png')).rejects.toMatchObject({ code: 'ENOENT' });
    const { arrayBuffers } = process.memoryUsage();
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 2 ** 20);
  }, 120_000);
});
