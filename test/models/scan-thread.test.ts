import { cp, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderKinds } from '../../src/models/kinds/kinds.ts';
import { openLibrary } from '../../src/models/library.ts';
import { FolderScan } from '../../src/models/scan/folder-scan.ts';
import { ScanThread } from '../../src/models/scan/scan-thread.ts';
import { smallModelPath } from '../support/golden.ts';

let models: string;

beforeEach(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-scan-thread-'));
});
afterEach(async () => await rm(models, { recursive: true }));

async function addTiny(name: string): Promise<string> {
  const folder = join(models, name);
  await cp(smallModelPath('models', 'sd15-tiny'), folder, { recursive: true });
  return folder;
}

describe('the thread that looks at model folders', () => {
  it('finds what is found in this one, and gives the very list as long as nothing changes', async () => {
    await addTiny('tiny');
    await cp(smallModelPath('models', 'sd15-tiny', 'controlnet-a'), join(models, 'net'), { recursive: true });
    await writeFile(join(models, 'old.ckpt'), '');
    const thread = new ScanThread([models, join(models, 'absent')], folderKinds);
    const first = await thread.scan();
    expect(first.map(({ kind }) => kind)).toEqual(['controlnet', 'pipeline', 'unusable']);
    expect(first).toEqual(await new FolderScan([models], folderKinds).scan());
    expect(await thread.scan()).toBe(first);
    await writeFile(join(models, 'new.safetensors'), '');
    const second = await thread.scan();
    expect(second).toHaveLength(4);
    expect(await thread.scan()).toBe(second);
  });

  it('shows a library what comes, changes and goes at the next listing', async () => {
    const folder = await addTiny('tiny');
    const thread = new ScanThread([models], folderKinds);
    const library = await openLibrary([models], { conditions: [], scan: async () => await thread.scan() });
    const ids = async () => (await library.list()).bases.map(({ id, title }) => `${id} ${title}`);
    expect(await ids()).toEqual(['tiny tiny']);
    await addTiny('second');
    expect(await ids()).toEqual(['second second', 'tiny tiny']);
    await writeFile(join(folder, 'armature.json'), '{"schema": 1, "title": "Small"}');
    expect(await ids()).toEqual(['second second', 'tiny Small']);
    // As long as it was, and of the same time: only its inode and the time of its change tell.
    const manifest = join(folder, 'armature.json');
    await utimes(manifest, 1, 1);
    await ids();
    await writeFile(manifest, '{"schema": 1, "title": "Large"}');
    await utimes(manifest, 1, 1);
    expect(await ids()).toEqual(['second second', 'tiny Large']);
    await rm(join(models, 'second'), { recursive: true });
    expect(await ids()).toEqual(['tiny Large']);
  });

  it('is begun anew by the next look where it was lost, and nobody waits for the lost one', async () => {
    const folder = await addTiny('tiny');
    const asked = join(models, 'config.json');
    await writeFile(asked, '{}');
    // It fails over the first config.json that it reads.
    const thread = new ScanThread([models], [null as unknown as (typeof folderKinds)[number]]);
    const looks = await Promise.allSettled([thread.scan(), thread.scan()]);
    expect(looks.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await rm(asked);
    expect(await thread.scan()).toMatchObject([{ kind: 'pipeline', path: folder }]);
  });

  it('leaves this one free', async () => {
    for (let folder = 0; folder < 40; folder++) {
      await mkdir(join(models, `many-${folder}`));
      for (let file = 0; file < 100; file++) await writeFile(join(models, `many-${folder}`, `${file}.json`), '');
    }
    expect(await readdir(models)).toHaveLength(40);
    const activeWith = async (scan: () => Promise<unknown>): Promise<number> => {
      await scan();
      const before = performance.eventLoopUtilization();
      for (let time = 0; time < 5; time++) await scan();
      return performance.eventLoopUtilization(before).active;
    };
    const here = new FolderScan([models], folderKinds);
    const thread = new ScanThread([models], folderKinds);
    const held = await activeWith(async () => await here.scan());
    expect(await activeWith(async () => await thread.scan())).toBeLessThan(held / 4);
  });
});
