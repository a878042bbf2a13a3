import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { readTrainingSet } from '../../../src/training/data/read-set.ts';
import type { SetRules } from '../../../src/training/data/rules.ts';
import type { TrainingSet } from '../../../src/training/data/set.ts';
import { type MadeFiles, ownLayout, parts, rules, size, twelvePairs, writeFolder } from './twelve-pairs.ts';

const pairs = await twelvePairs();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-set-'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

async function read(files: MadeFiles, other: Partial<SetRules> = {}): Promise<TrainingSet> {
  return await readTrainingSet({ path: await writeFolder(folder, files) }, { ...rules, ...other }, parts());
}

async function refusal(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => new Error('Expected a refusal'),
    (reason: unknown) => reason,
  );
  if (error instanceof ArmatureError && error.code === 'invalid_set') return error.message;
  throw error;
}

const own = ownLayout(pairs);
const lines = (...rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

describe('a set in a folder', () => {
  it('is read with its maps and captions, sorted by content', async () => {
    const { pairs: found, report } = await read(own);
    expect(found.map(({ caption }) => caption).toSorted()).toEqual(pairs.map(({ caption }) => caption).toSorted());
    expect(found.map(({ key }) => key)).toEqual(found.map(({ key }) => key).toSorted());
    for (const pair of found) {
      const made = pairs.find(({ caption }) => caption === pair.caption)!;
      expect(await pair.picture.read()).toEqual(made.picture);
      expect(await pair.map!.read()).toEqual(made.map);
    }
    expect(report).toEqual({
      layout: 'lists',
      pairs: 12,
      epoch: 12,
      maps: { given: 12, missing: { count: 0, first: [] }, surplus: { count: 0, first: [] } },
      bad: { count: 0, first: [] },
      captions: { found: 12, empty: 0, cut: 0, tokens: null },
      clutter: 0,
      unused: { count: 0, first: [] },
      twice: 0,
      enlarged: 0,
      settings: {},
      first: found.slice(0, 3).map(({ picture, map, caption }) => ({ picture: picture.name, map: map!.name, caption })),
    });
  });

  it('shows the start of a long caption, and of no character the half', async () => {
    const caption = `${'x'.repeat(996)}${'\u{1f600}'.repeat(400)}`;
    const { pairs: found, report } = await read({
      'a.png': pairs[0]!.picture,
      'a.txt': caption,
      'b.png': pairs[1]!.picture,
    });
    expect(found[0]!.caption).toBe(caption);
    expect(report.first[0]!.caption).toBe(`${'x'.repeat(996)}...`);
  });

  it('has what archivers leave lying about counted and left out', async () => {
    const { report } = await read({
      ...own,
      '__MACOSX/._a.png': 'x',
      '.DS_Store': 'x',
      'pictures/Thumbs.db': 'x',
      'pictures/._scene 00.png': 'x',
      'pictures/scene 00_24x16_sd.npz': 'x',
      'notes.pdf': '%PDF',
    });
    expect(report).toMatchObject({ clutter: 4, unused: { count: 1, first: ['notes.pdf'] } });
  });

  it('has all that is bad named at once, before any step', async () => {
    const [first] = pairs;
    const truncated = first!.picture.subarray(0, first!.picture.length - 20);
    const files = {
      ...own,
      'pictures/scene 00.png': truncated,
      'maps/scene 01.png': 'GIF',
      'pairs.jsonl': `${String(own['pairs.jsonl'])}{"picture": "nowhere.png"}\n{"picture": "../x.png"}\n{"pictur": 1}\n[]\nx\n`,
    };
    const message = await refusal(read(files));
    expect(message).toContain('Expected 17 pairs that can be used but 7 cannot');
    for (const part of [
      'line 13 of pairs.jsonl: picture names "nowhere.png", which is not in the set.',
      'line 14 of pairs.jsonl: Expected picture to name a file inside the set but received "../x.png".',
      'line 15 of pairs.jsonl: Expected the fields picture, map, caption, repeats but received "pictur".',
      'line 16 of pairs.jsonl: Expected an object',
      'line 17 of pairs.jsonl: Expected line 17 of pairs.jsonl to be JSON but it cannot be parsed',
      'pictures/scene 00.png: Expected a whole PNG picture but it is damaged or cut short',
      'maps/scene 01.png: Expected a picture (PNG, JPEG, WebP, GIF, AVIF or TIFF) but received plain text.',
      'on_bad "skip"',
    ]) {
      expect(message).toContain(part);
    }
    const { report } = await read(files, { onBad: 'skip' });
    expect(report).toMatchObject({ pairs: 10, bad: { count: 7 } });
  });

  it('lacks no map that others have', async () => {
    const some = lines(
      ...pairs.map(({ stem, caption }, index) => ({
        picture: `pictures/${stem}.png`,
        ...(index > 1 && { map: `maps/${stem}.png` }),
        caption,
      })),
    );
    expect(await refusal(read({ ...own, 'pairs.jsonl': some }))).toContain('pictures/scene 00.png: It has no map.');
    const { report } = await read({ ...own, 'pairs.jsonl': some }, { onBad: 'skip' });
    expect(report.maps).toMatchObject({
      given: 10,
      missing: { count: 2 },
      surplus: { count: 2, first: ['maps/scene 00.png', 'maps/scene 01.png'] },
    });
  });

  it('may have no maps at all where they can be made', async () => {
    const none = lines(...pairs.map(({ stem, caption }) => ({ picture: `pictures/${stem}.png`, caption })));
    expect((await read({ ...own, 'pairs.jsonl': none })).pairs.every(({ map }) => map === null)).toBe(true);
    expect(await refusal(read({ ...own, 'pairs.jsonl': none }, { maps: 'needed' }))).toContain('It has no map.');
    const unused = await read(own, { maps: 'unused' });
    expect(unused.pairs.every(({ map }) => map === null)).toBe(true);
  });

  it('has maps of the proportions of their pictures', async () => {
    const map = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await refusal(read({ ...own, 'maps/scene 03.png': map }))).toContain(
      'maps/scene 03.png: Expected a map of the proportions of its picture, 24x16, but it has 16x16.',
    );
  });

  it('has captions cut on one line, counted, and with the trigger word', async () => {
    const texts = ['', 'a cat\nand more', '[trigger] sits', 'A SKS dog', 'masks'];
    const rows = pairs.map(({ stem }, index) => ({
      picture: `pictures/${stem}.png`,
      caption: texts[index] ?? 'a house',
    }));
    const files = { ...own, 'pairs.jsonl': lines(...rows) };
    const tokens = { most: 7, count: (caption: string) => caption.length };
    const plain = await read(files, { maps: 'unused', tokens });
    expect(plain.report.captions).toEqual({ found: 11, empty: 1, cut: 2, tokens: 7 });
    const { pairs: found } = await read(files, { maps: 'unused', trigger: 'sks' });
    expect(new Set(found.map(({ caption }) => caption))).toEqual(
      new Set(['sks', 'sks, a cat', 'sks sits', 'A SKS dog', 'sks, masks', 'sks, a house']),
    );
    const { pairs: odd } = await read(files, { maps: 'unused', trigger: "$'" });
    expect(odd.map(({ caption }) => caption)).toContain("$' sits");
  });

  it('is not trained without captions while they lie beside the pictures', async () => {
    const none = lines(...pairs.map(({ stem }) => ({ picture: `pictures/${stem}.png`, map: `maps/${stem}.png` })));
    const files = { ...own, 'pairs.jsonl': none, 'pictures/scene 00.txt': 'a cat' };
    expect(await refusal(read(files))).toContain('1 files such as pictures/scene 00.txt look like captions');
    expect((await read(files, { captions: 'none' })).report.captions).toMatchObject({ found: 0, empty: 12 });
  });

  it('is refused where all its pictures are the same one, and where there are none', async () => {
    const same = Object.fromEntries(pairs.map(({ stem }) => [`pictures/${stem}.png`, pairs[0]!.picture]));
    expect(await refusal(read({ ...own, ...same }))).toContain(
      'Expected different pictures but all 12 are the same one',
    );
    expect(await refusal(read({ ...own, ...same, 'pairs.jsonl': '\n' }))).toContain('names none');
  });

  it('follows links to files and not to folders', async () => {
    await writeFolder(folder, own);
    await symlink(folder, join(folder, 'again'));
    expect(await refusal(read({}))).toBe(
      'Expected files and folders but "again" is a link to a folder: put the files themselves there.',
    );
  });

  it('keeps to its limits', async () => {
    const limited = (limits: Partial<SetRules['limits']>) =>
      refusal(read(own, { limits: { ...rules.limits, ...limits } }));
    expect(await limited({ entries: 24 })).toContain('at most 24 files');
    expect(await limited({ unpackedBytes: 100 })).toContain('at most 100 bytes once it is unpacked');
    expect(await limited({ pictureBytes: 50 })).toContain('to have at most 50 bytes');
    expect(await limited({ nameBytes: 20 })).toContain('at most 20 bytes');
    expect(await limited({ listBytes: 20 })).toContain('at most 20 bytes');
    expect(await limited({ nesting: 0 })).toContain('at most 0 folders');
  });

  it('notices a picture that is changed after it was looked at', async () => {
    const { pairs: found } = await read(own);
    const other = await sharp({ create: { ...size, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    await writeFile(join(folder, found[0]!.picture.name), other);
    expect(await refusal(found[0]!.picture.read())).toContain('it has changed');
  });
});
