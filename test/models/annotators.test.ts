import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { conditionIds } from '../../src/conditions/registry.ts';
import { AnnotatorLibrary } from '../../src/models/annotators/annotators.ts';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const [bundled, catalog] = [join(models, 'annotators'), join(models, 'catalog.json')];

let place: string;
let library: AnnotatorLibrary;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'armature-annotators-'));
  library = await AnnotatorLibrary.open({ bundled, pulled: [join(place, 'none'), place], catalog });
});
afterEach(async () => await rm(place, { recursive: true }));

async function put(path: string): Promise<void> {
  await mkdir(join(place, path, '..'), { recursive: true });
  await writeFile(join(place, path), '');
}

describe('the list of annotators', () => {
  it('has a row for every network of the package, and each of its files', async () => {
    const rows = (await library.list()).filter((row) => row.bundled);
    const files = (await readdir(bundled)).filter((name) => name.endsWith('.onnx'));
    expect(rows.map(({ id }) => id).toSorted()).toEqual(files.map((name) => basename(name, '.onnx')).toSorted());
    for (const { state, conditions } of rows) {
      expect(state).toBe('present');
      expect(conditionIds).toEqual(expect.arrayContaining([...conditions]));
    }
  });

  it('says which of the catalog are there, and how the others are brought', async () => {
    await put('segformer-b0-ade/onnx/model.onnx');
    const rows = await library.list();
    expect(rows.find(({ id }) => id === 'segformer-b0-ade')?.state).toBe('present');
    expect(rows.find(({ id }) => id === 'dwpose')).toMatchObject({
      conditions: ['openpose'],
      state: 'missing',
      pull: 'armature models pull dwpose',
    });
  });

  it('has those that somebody put there, and no folder without a network', async () => {
    await put('my-net/model.onnx');
    await put('notes/readme.txt');
    await put('.half.partial/model.onnx');
    const rows = await library.list();
    expect(rows.find(({ id }) => id === 'my-net')).toMatchObject({ state: 'present', conditions: [], licence: null });
    expect(rows.map(({ id }) => id)).not.toContain('notes');
    expect(rows.map(({ id }) => id)).not.toContain('.half.partial');
  });

  it('says when a file of the package is gone', async () => {
    await cp(join(bundled, 'networks.json'), join(place, 'networks.json'));
    const broken = await AnnotatorLibrary.open({ bundled: place, pulled: [], catalog });
    expect((await broken.list()).find(({ id }) => id === 'hed')?.state).toBe('missing');
    await expect(broken.require('hed', 'options')).rejects.toThrow(/belongs to the package/);
  });
});

describe('a network that is required', () => {
  it('may be of the package, or pulled a moment ago', async () => {
    await library.require('hed', 'options');
    await expect(library.require('dwpose/yolox_l', 'options')).rejects.toThrow();
    await put('dwpose/yolox_l.onnx');
    await library.require('dwpose/yolox_l', 'options');
  });

  it.each([
    ['depth-anything-v2-small', 'Bring it with: armature models pull depth-anything-v2-small'],
    ['dwpose/yolox_l', 'Bring it with: armature models pull dwpose'],
    ['depth-anything-v2-smal', 'Did you mean depth-anything-v2-small?'],
    ['my-net', 'models/annotators/my-net of the data folder'],
    ['../annotators/hed', 'is not there'],
  ])('and is missing: %s', async (id, words) => {
    await expect(library.require(id, 'options')).rejects.toMatchObject({
      code: 'model_missing',
      field: 'options',
      message: expect.stringContaining(words),
    });
  });
});
