import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { layouts } from '../../../src/training/data/layouts/registry.ts';
import { readTrainingSet } from '../../../src/training/data/read-set.ts';
import type { SetRules } from '../../../src/training/data/rules.ts';
import type { TrainingSet } from '../../../src/training/data/set.ts';
import { packTar, packZip, tarEntry } from './pack.ts';
import { type MadeFiles, type MadePair, ownLayout, parts, rules, twelvePairs, writeFolder } from './twelve-pairs.ts';

const pairs = await twelvePairs();
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'armature-layouts-'));
});
afterAll(async () => await rm(root, { recursive: true, force: true }));

let made = 0;
async function read(files: MadeFiles, other: Partial<SetRules> = {}): Promise<TrainingSet> {
  const path = await writeFolder(join(root, String(made++)), files);
  return await readTrainingSet({ path }, { ...rules, ...other }, parts());
}

async function refusal(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => new Error('Expected a refusal'),
    (reason: unknown) => reason,
  );
  if (error instanceof ArmatureError && error.code === 'invalid_set') return error.message;
  throw error;
}

const each = (name: (pair: MadePair) => string, content: (pair: MadePair) => string | Uint8Array): MadeFiles =>
  Object.fromEntries(pairs.map((pair) => [name(pair), content(pair)]));
const pictures = (name: (stem: string) => string): MadeFiles =>
  each(
    ({ stem }) => name(stem),
    ({ picture }) => picture,
  );
const maps = (name: (stem: string) => string): MadeFiles =>
  each(
    ({ stem }) => name(stem),
    ({ map }) => map,
  );
const lines = (row: (pair: MadePair) => unknown): string => pairs.map((pair) => JSON.stringify(row(pair))).join('\r\n');
const toml = `
[general]
caption_extension = ".caption"
[[datasets]]
resolution = 512
batch_size = 4
enable_bucket = false
  [[datasets.subsets]]
  image_dir = 'C:\\Users\\me\\train\\pictures'
  conditioning_data_dir = "/home/me/train/maps"
  num_repeats = 1
`;

/** The same twelve pairs as people keep them. */
const kept: Readonly<Record<string, { readonly layout: string; readonly files: MadeFiles }>> = {
  'our own list': { layout: 'lists', files: ownLayout(pairs) },
  'metadata.jsonl with the name of the map as a text': {
    layout: 'lists',
    files: {
      'metadata.jsonl': lines(({ stem, caption }) => ({
        file_name: `${stem}.png`,
        conditioning_image: `c/${stem}.png`,
        text: [caption, 'another'],
      })),
      ...pictures((stem) => `${stem}.png`),
      ...maps((stem) => `c/${stem}.png`),
    },
  },
  'metadata.jsonl in the split that is trained on': {
    layout: 'lists',
    files: {
      'train/metadata.jsonl': lines(({ stem, caption }) => ({
        file_name: `${stem}.png`,
        conditioning_image_file_name: `./c/${stem}.png`,
        text: caption,
        width: 24,
      })),
      ...pictures((stem) => `train/${stem}.png`),
      ...maps((stem) => `train/c/${stem}.png`),
      'test/metadata.jsonl': '{"file_name": "x.png"}',
      'test/x.png': pairs[0]!.map,
    },
  },
  'metadata.csv': {
    layout: 'lists',
    files: {
      'metadata.csv': `\ufefffile_name,conditioning_image,text\n${pairs.map(({ stem, caption }) => `${stem}.png,c/${stem}.png,"${caption}"`).join('\n')}\n`,
      ...pictures((stem) => `${stem}.png`),
      ...maps((stem) => `c/${stem}.png`),
    },
  },
  'prompt.json': {
    layout: 'lists',
    files: {
      'prompt.json': lines(({ stem, caption }) => ({
        source: `source/${stem}.png`,
        target: `target/${stem}.png`,
        prompt: caption,
      })),
      ...pictures((stem) => `target/${stem}.png`),
      ...maps((stem) => `source/${stem}.png`),
    },
  },
  'pictures beside a folder of maps': {
    layout: 'map-folder',
    files: {
      ...pictures((stem) => `images/${stem}.png`),
      ...each(
        ({ stem }) => `images/${stem}.txt`,
        ({ caption }) => `${caption}\n`,
      ),
      ...maps((stem) => `conditioning_images/${stem}.png`),
    },
  },
  'a folder of maps in that of the pictures': {
    layout: 'map-folder',
    files: {
      ...pictures((stem) => `${stem}.png`),
      ...each(
        ({ stem }) => `${stem}.caption`,
        ({ caption }) => `\n${caption}\nmore`,
      ),
      ...maps((stem) => `maps/${stem}.png`),
    },
  },
  'names that mark a map': {
    layout: 'pictures',
    files: {
      ...pictures((stem) => `a/${stem}.png`),
      ...each(
        ({ stem }) => `a/${stem}.txt`,
        ({ caption }) => caption,
      ),
      ...maps((stem) => `a/${stem}-condlabel.png`),
      'b/notes.pdf': '%PDF',
    },
  },
  "kohya's TOML": {
    layout: 'dataset-toml',
    files: {
      'dataset.toml': toml,
      ...pictures((stem) => `pictures/${stem}.png`),
      ...each(
        ({ stem }) => `pictures/${stem}.caption`,
        ({ caption }) => caption,
      ),
      ...maps((stem) => `maps/${stem}.png`),
    },
  },
  WebDataset: {
    layout: 'webdataset',
    files: {
      ...pictures((stem) => `${stem}.output.png`),
      ...maps((stem) => `${stem}.input.png`),
      ...each(
        ({ stem }) => `${stem}.txt`,
        ({ caption }) => caption,
      ),
    },
  },
  'WebDataset with JSON': {
    layout: 'webdataset',
    files: {
      ...pictures((stem) => `s/${stem}.png`),
      ...maps((stem) => `s/${stem}.map.png`),
      ...each(
        ({ stem }) => `s/${stem}.json`,
        ({ caption }) => JSON.stringify({ caption, width: 24 }),
      ),
      'x/notes.pdf': '%PDF',
    },
  },
};

/** Without maps, as LoRAs are learnt. */
const plain: Readonly<Record<string, { readonly layout: string; readonly files: MadeFiles }>> = {
  'captions beside the pictures': {
    layout: 'pictures',
    files: {
      ...pictures((stem) => `${stem}.PNG`),
      ...each(
        ({ stem }) => `${stem}.txt`,
        ({ caption }) => caption,
      ),
    },
  },
  'folders with repeats': {
    layout: 'repeats',
    files: {
      ...pictures((stem) => `1_scene/${stem}.png`),
      ...each(
        ({ stem }) => `1_scene/${stem}.caption`,
        ({ caption }) => caption,
      ),
      '__MACOSX/._x.png': 'x',
    },
  },
};

const keysOf = (set: TrainingSet): readonly string[] => set.pairs.map(({ key }) => key);

describe('the same twelve pairs', () => {
  let keys: readonly string[];
  let plainKeys: readonly string[];
  beforeAll(async () => {
    keys = keysOf(await read(ownLayout(pairs)));
    plainKeys = keysOf(await read(ownLayout(pairs), { maps: 'unused' }));
  });

  it.each(Object.entries(kept))('are the same set as %s', async (_, { layout, files }) => {
    const set = await read(files);
    expect(set.report).toMatchObject({ layout, captions: { found: 12 }, maps: { given: 12, surplus: { count: 0 } } });
    expect(keysOf(set)).toEqual(keys);
  });

  it.each(Object.entries(plain))('are the same set as %s', async (_, { layout, files }) => {
    const set = await read(files);
    expect(set.report).toMatchObject({ layout, captions: { found: 12 }, epoch: 12 });
    expect(keysOf(set)).toEqual(plainKeys);
  });

  it.each(Object.keys({ ...kept, ...plain }))(
    'are the same in a zip and a tar, with a folder around all: %s',
    async (name) => {
      const { files } = { ...kept, ...plain }[name]!;
      const around = Object.fromEntries(Object.entries(files).map(([path, content]) => [`my set/${path}`, content]));
      for (const pack of [packZip, packTar]) {
        const path = join(root, `${made++}.packed`);
        await writeFile(path, await pack(around));
        const set = await readTrainingSet({ path }, rules, parts());
        expect(keysOf(set)).toEqual(name in kept ? keys : plainKeys);
        expect(await set.pairs[0]!.picture.read()).toBeInstanceOf(Buffer);
        await set.close();
      }
    },
  );

  it('are the same in shards, each an archive of its own', async () => {
    const shard = (from: number, name: string): MadeFiles =>
      Object.fromEntries(
        pairs.slice(from, from + 6).flatMap(({ picture, map, caption }, index) => [
          [`${name}${index}.jpg`, picture],
          [`${name}${index}.map.png`, map],
          [`${name}${index}.json`, JSON.stringify({ caption })],
        ]),
      );
    const folder = await writeFolder(join(root, String(made++)), {
      '00000.tar': await packTar({ ...shard(0, '0000'), '.DS_Store': 'x' }),
      '00000_stats.json': '{}',
      '00000.parquet': 'PAR1',
      // The same names again: they are those of another shard.
      '00001.zip': await packZip(shard(6, '0000')),
    });
    const set = await readTrainingSet({ path: folder }, rules, parts());
    expect(keysOf(set)).toEqual(keys);
    expect(set.report).toMatchObject({ layout: 'webdataset', clutter: 1 });
    await set.close();
    const few = { ...rules.limits, entries: 30 };
    expect(await refusal(readTrainingSet({ path: folder }, { ...rules, limits: few }, parts()))).toContain(
      'at most 30 files',
    );
  });

  it('come in every layout there is', () => {
    const tried = Object.values({ ...kept, ...plain }).map(({ layout }) => layout);
    expect(new Set(tried)).toEqual(new Set(layouts.map(({ id }) => id)));
  });
});

const picture = (index: number): Buffer => pairs[index]!.picture;

describe('layouts', () => {
  it('have pictures come as often as their folder says, under its name', async () => {
    const { pairs: found, report } = await read({
      'img/3_red cat/a.png': picture(0),
      'img/2_dog/b.png': picture(1),
      'img/2_dog/b.txt': 'a dog',
      'img/0_none/c.png': picture(2),
      'img/other/d.png': picture(3),
    });
    expect(Object.fromEntries(found.map(({ caption, repeats }) => [caption, repeats]))).toEqual({
      'a dog': 2,
      'red cat': 3,
    });
    expect(report).toMatchObject({ epoch: 5, unused: { count: 2 } });
    expect(await refusal(read({ '3_cat/a.png': picture(0), 'reg/1_cat/b.png': picture(1) }))).toContain(
      'regularization',
    );
  });

  it('say what a TOML says of the training', async () => {
    const files = {
      'pictures/a.png': picture(0),
      'dataset.toml':
        '[general]\nflip_aug = true\nresolution = [768, 512]\n[[datasets]]\nbatch_size = 2\n[[datasets.subsets]]\nimage_dir = "pictures"\nnum_repeats = 5\nclass_tokens = "cat"',
    };
    const { report, pairs: found } = await read(files);
    expect(report.settings).toEqual({ flip: true, batch: 2, resolution: { width: 768, height: 512 } });
    expect(found).toMatchObject([{ caption: 'cat', repeats: 5 }]);
  });

  it.each([
    [
      'shuffle_caption = true',
      'datasets[0].subsets[0].shuffle_caption of d.toml is not taken, as captions stay as they are',
    ],
    ['face_crop_aug_range = 1', 'face_crop_aug_range of d.toml is not taken: leave it out. Taken are image_dir'],
    ['num_repeats = 0', 'Expected another datasets[0].subsets[0].num_repeats in d.toml than 0'],
    ['image_dir = "b"', 'Expected d.toml to be TOML but it is not'],
    ['class_tokens = 3', 'class_tokens in d.toml than 3'],
  ])('refuse by name what a TOML may not say: %s', async (line, expected) => {
    const text = `[[datasets]]\n[[datasets.subsets]]\nimage_dir = "a"\n${line}`;
    expect(await refusal(read({ 'a/a.png': picture(0), 'd.toml': text }))).toContain(expected);
  });

  it('say which folder a TOML names in vain', async () => {
    const text = '[[datasets]]\n[[datasets.subsets]]\nimage_dir = "/x/b"';
    expect(await refusal(read({ 'a/a.png': picture(0), 'd.toml': text }))).toContain('"/x/b" is none');
  });

  it('take the name of a file of a tar that its attributes say, whole as it is', async () => {
    const long = `${'folder'.repeat(12)}/${'picture'.repeat(12)}.png`;
    const record = `path=é/${long}\n`;
    const pax = `${Buffer.byteLength(record) + 4} ${record}`;
    const path = join(root, `${made++}.tar`);
    // The header of such a name has a form of it too, cut in two.
    const entries = [tarEntry('x', pax, { type: 'ExtendedHeader' }), tarEntry(`e/${long}`, picture(0))];
    await writeFile(path, Buffer.concat([...entries, tarEntry('y.png', picture(1)), Buffer.alloc(1024)]));
    const set = await readTrainingSet({ path }, { ...rules, maps: 'unused' }, parts());
    expect(set.pairs.map(({ picture: { name } }) => name).toSorted()).toEqual(['y.png', `é/${long}`]);
    await set.close();
  });

  it('name a map that stands for two pictures, and a map or a picture alone', async () => {
    const files = {
      'images/a.png': picture(0),
      'images/b.png': picture(1),
      'maps/a.png': pairs[0]!.map,
      'maps/c.png': pairs[2]!.map,
    };
    const { report } = await read(files, { onBad: 'skip' });
    expect(report.maps).toMatchObject({ missing: { first: ['images/b.png'] }, surplus: { first: ['maps/c.png'] } });
    expect(await refusal(read({ ...files, 'maps/a.webp': pairs[0]!.map }))).toContain(
      'images/a.png: It has two maps, maps/a.png and maps/a.webp.',
    );
  });

  it('name a picture of a sample that nobody would see, as its name has a dot', async () => {
    const files = {
      'a.png': picture(0),
      'a.json': '{"caption": "a cat"}',
      'b.2024.png': picture(1),
      'b.2024.json': '{"caption": "a dog"}',
    };
    expect(await refusal(read({ ...files, 'c.png': picture(2), 'c.json': '{"caption": "a bird"}' }))).toContain(
      'b.2024.png: Expected b.png or b.output.png for the picture of a sample, without "2024" in the name.',
    );
    const dotted = {
      'a.1.png': picture(0),
      'a.1.txt': 'a cat',
      'a.1.json': '{}',
      'a.2.png': picture(1),
      'a.2.json': '{}',
    };
    expect((await read(dotted)).report).toMatchObject({ layout: 'pictures', pairs: 2, captions: { found: 1 } });
  });

  it('have no epoch that nobody could put in order', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 101 }, (_, index) => [`99999_cat/${index}.png`, picture(index % 12)]),
    );
    expect(await refusal(read(files))).toContain('at most 10000000 pictures');
  });

  it('say what a list lacks', async () => {
    expect(await refusal(read({ 'x.jsonl': '{"url": "a"}', 'a.png': picture(0) }))).toBe(
      'Expected the lines of "x.jsonl" to name a picture (picture, file_name, target) but they have the fields url.',
    );
    expect(await refusal(read({ 'x.jsonl': '{}', 'y.jsonl': '{}' }))).toContain('it has x.jsonl, y.jsonl');
    expect(await refusal(read({ 'metadata.csv': 'file_name,text\n"a', 'a.png': picture(0) }))).toContain(
      'Expected metadata.csv to be comma-separated values',
    );
    expect(await refusal(read({ 'notes.pdf': 'x' }))).toContain('but received 1 files: "notes.pdf".');
  });

  it('want captions in UTF-8', async () => {
    const files = {
      'a.png': picture(0),
      'a.txt': Buffer.from([0x83, 0x4c, 0x83, 0x62]),
      'b.png': picture(1),
      'b.txt': '\ufeffa cat',
    };
    expect(await refusal(read(files))).toContain('a.txt: Expected a caption in UTF-8 but it has bytes that are none');
    expect((await read(files, { onBad: 'skip' })).pairs).toMatchObject([{ caption: 'a cat' }]);
  });
});
