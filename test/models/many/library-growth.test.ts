import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLibrary } from '../../../src/models/library.ts';
import { growth } from '../../support/growth.ts';
import { makeModels } from './many-models.ts';

/** Tens of files. */
const sizes = [3, 6];
let root: string;
const folderOf = (count: number): string => join(root, `of-${count}`);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'armature-many-'));
  for (const tens of sizes) makeModels(folderOf(tens), tens);
});
afterAll(async () => await rm(root, { recursive: true }));

describe('a library of many files', () => {
  it('costs twice as much for twice the files: looking into them, and listing them again', async () => {
    const conditions: readonly string[] = [];
    const found = await (await openLibrary([folderOf(6)], { conditions })).list();
    expect(found.rejected).toEqual([]);
    expect([found.bases, found.controlNets, found.loras].map(({ length }) => length)).toEqual([6, 12, 30]);
    const first = async (count: number) => void (await openLibrary([folderOf(count)], { conditions }));
    expect(await growth(first, 3)).toBeLessThan(2.5);
    const libraries = new Map(
      await Promise.all(
        sizes.map(async (count) => [count, await openLibrary([folderOf(count)], { conditions })] as const),
      ),
    );
    const again = async (count: number) => void (await libraries.get(count)!.list());
    expect(await growth(again, 3)).toBeLessThan(2.5);
  }, 120_000);
});
