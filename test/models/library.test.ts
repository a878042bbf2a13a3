import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { findControlNet, misfit } from '../../src/generation/models/controlnet.ts';
import type { ModelList } from '../../src/generation/models/model-list.ts';
import { inspect } from '../../src/models/inspect.ts';
import { type LibraryOptions, openLibrary } from '../../src/models/library.ts';
import { smallModelPath } from '../support/golden.ts';
import { findBase } from '../../src/generation/models/base.ts';
import { setPrediction, setType } from '../../src/models/tell.ts';

const embedded = fileURLToPath(new URL('../../models', import.meta.url));
const controlNetFile = join(embedded, 'diorama', 'controlnet-canny', 'diffusion_pytorch_model.safetensors');
const conditions = ['canny', 'depth', 'openpose', 'seg'];

let root: string;
let models: string;
let options: LibraryOptions;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'armature-models-'));
  models = join(root, 'models');
  await mkdir(models);
  options = { conditions, typesFile: join(root, 'armature.json') };
});

afterEach(async () => await rm(root, { recursive: true }));

/** A base model of four levels and a ControlNet that fits it, as diffusers folders in `models/<name>`. */
async function addTinyModel(name: string): Promise<string> {
  const folder = join(models, name);
  await cp(smallModelPath('models', 'sd15-tiny'), folder, { recursive: true });
  return folder;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArmatureError)) throw new Error(`Expected an ArmatureError but received ${String(error)}`);
  return error.code;
}

describe('a model of a tenant that is on its way', () => {
  async function asked(coming: () => Promise<boolean>, comingMs = 60_000) {
    const library = await openLibrary([models], { ...options, comingMs });
    library.own({ refresh: async () => {}, state: '', ownerOf: () => null, coming });
    return library.of('tenant');
  }

  it('is waited for, and then found', async () => {
    const tenant = await asked(async () => {
      await addTinyModel('late');
      return true;
    });
    expect(await tenant.find(findBase, 'late')).toMatchObject({ id: 'late' });
  });

  it('is unknown where it does not come in time', async () => {
    const tenant = await asked(async () => await new Promise<never>(() => {}), 50);
    expect(await codeOf(tenant.find(findBase, 'never'))).toBe('unknown_model');
  });

  it('is not waited for where something else is wrong', async () => {
    let waited = 0;
    const tenant = await asked(async () => (waited += 1) > 0);
    const wrong = tenant.ask(() => {
      throw new ArmatureError('invalid_request', 'Expected another.');
    });
    expect([await codeOf(wrong), waited]).toEqual(['invalid_request', 0]);
    const several = tenant.ask(() => {
      const errors = [{ field: 'items[3].model', code: 'unknown_model', detail: 'There is none.' }] as const;
      throw new ArmatureError('invalid_request', 'Expected others.', { errors });
    });
    expect([await codeOf(several), waited]).toEqual(['invalid_request', 1]);
  });
});

describe('the embedded models', () => {
  it('are what their armature.json says', async () => {
    const { bases, controlNets, rejected } = await (await openLibrary([embedded], options)).list();
    expect(rejected).toEqual([]);
    expect(bases).toHaveLength(1);
    expect(bases[0]).toMatchObject({
      id: 'diorama',
      licence: 'Apache-2.0',
      layout: 'diffusers',
      defaults: { width: 256, height: 256, steps: 20, guidanceScale: 4, scheduler: 'dpmpp_2m' },
    });
    expect(controlNets.map(({ id, type, bundledWith }) => [id, type, bundledWith])).toEqual(
      conditions.map((type) => [`diorama-${type}`, type, 'diorama']),
    );
    expect(controlNets.map((controlNet) => misfit(bases[0]!, controlNet))).toEqual([null, null, null, null]);
  });
});

describe('what is found', () => {
  it('takes id and family of a diffusers folder without armature.json from its name and shapes', async () => {
    await addTinyModel('My Tiny Model (v2)');
    const { bases, controlNets } = await (await openLibrary([models], options)).list();
    expect(bases.map(({ id, title }) => [id, title])).toEqual([['my-tiny-model-v2', 'My Tiny Model (v2)']]);
    expect(bases[0]?.family).toMatchObject({ name: 'other', blockChannels: [8, 12, 16, 16], contextWidth: 24 });
    expect(bases[0]?.defaults).toMatchObject({ width: 64, height: 64, steps: 20 });
    expect(controlNets.map(({ id, type }) => [id, type])).toEqual([
      ['my-tiny-model-v2-a', null],
      ['my-tiny-model-v2-b', null],
    ]);
  });

  it('finds models in folders of folders, links and a folder that is itself a model', async () => {
    await addTinyModel(join('sd', 'base', 'deep'));
    await symlink(smallModelPath('models', 'sd21-tiny'), join(models, 'linked'));
    const listing = await (await openLibrary([models], options)).list();
    expect(listing.bases.map(({ id }) => id)).toEqual(['deep', 'linked']);
    const single = await (await openLibrary([join(models, 'sd', 'base', 'deep')], options)).list();
    expect(single.bases.map(({ id }) => id)).toEqual(['deep']);
  });

  it('knows a ControlNet file by its tensors and calls a file with the name of every download after its folder', async () => {
    await mkdir(join(models, 'sketch-lines'));
    await cp(controlNetFile, join(models, 'sketch-lines', 'diffusion_pytorch_model.safetensors'));
    await cp(controlNetFile, join(models, 'Edges.safetensors'));
    const { controlNets } = await (await openLibrary([models], options)).list();
    expect(controlNets.map(({ id, layout, type }) => [id, layout, type])).toEqual([
      ['edges', 'single-file', null],
      ['sketch-lines', 'single-file', null],
    ]);
  });

  it('shows what is dropped in, replaced and taken out without being opened again', async () => {
    const library = await openLibrary([join(root, 'later'), models], options);
    expect(await codeOf(library.find(findBase, 'tiny'))).toBe('unknown_model');
    await addTinyModel('tiny');
    const first = await library.find(findBase, 'tiny');
    const config = join(models, 'tiny', 'armature.json');
    await writeFile(config, JSON.stringify({ schema: 1, title: 'Renamed' }));
    expect((await library.list()).bases.map(({ title }) => title)).toEqual(['Renamed']);
    expect((await library.find(findBase, 'tiny')).hash).toBe(first.hash);
    await rename(models, join(root, 'later'));
    expect((await library.list()).bases.map(({ path }) => path)).toEqual([join(root, 'later', 'tiny')]);
    await rm(join(root, 'later'), { recursive: true });
    expect((await library.list()).bases).toEqual([]);
  });

  it('looks into a model again when its weights have changed', async () => {
    const folder = await addTinyModel('tiny');
    const library = await openLibrary([models], options);
    const before = await library.find(findBase, 'tiny');
    const file = join(folder, 'unet', 'diffusion_pytorch_model.safetensors');
    const bytes = await readFile(file);
    bytes.writeFloatLE(0.25, bytes.length - 4);
    await writeFile(file, bytes);
    await utimes(file, new Date(), new Date(Date.now() + 5000));
    const [after] = (await library.list()).bases;
    expect(after?.hash).not.toBe(before.hash);
  });

  it('offers the ids that there are for one that is not', async () => {
    await addTinyModel('tiny');
    const library = await openLibrary([models], options);
    await expect(library.find(findBase, 'tinny')).rejects.toMatchObject({ code: 'unknown_model', choices: ['tiny'] });
    await expect(library.find(findControlNet, 'tiny')).rejects.toMatchObject({ choices: ['tiny-a', 'tiny-b'] });
  });
});

describe('armature.json', () => {
  it('gives id, title, licence, defaults and the types of ControlNets', async () => {
    const folder = await addTinyModel('tiny');
    const manifest = {
      schema: 1,
      id: 'small.one',
      title: 'Small one',
      licence: 'MIT',
      defaults: { width: 128, steps: 5, guidance_scale: 3, scheduler: 'euler' },
      controlnets: [
        { path: 'controlnet-a/', type: 'canny' },
        { path: './controlnet-b', type: 'depth' },
      ],
    };
    await writeFile(join(folder, 'armature.json'), JSON.stringify(manifest));
    const { bases, controlNets } = await (await openLibrary([models], options)).list();
    expect(bases[0]).toMatchObject({ id: 'small.one', title: 'Small one', licence: 'MIT' });
    expect(bases[0]?.defaults).toEqual({ width: 128, height: 64, steps: 5, guidanceScale: 3, scheduler: 'euler' });
    expect(controlNets.map(({ id, type }) => [id, type])).toEqual([
      ['small.one-a', 'canny'],
      ['small.one-b', 'depth'],
    ]);
  });

  it('describes a folder with one single file, and ControlNets beside it', async () => {
    const folder = join(models, 'edges');
    await mkdir(folder);
    await cp(controlNetFile, join(folder, 'whatever.safetensors'));
    const manifest = { schema: 1, title: 'Edges', controlnets: [{ path: 'whatever.safetensors', type: 'canny' }] };
    await writeFile(join(folder, 'armature.json'), JSON.stringify(manifest));
    const { controlNets } = await (await openLibrary([models], options)).list();
    expect(controlNets.map(({ id, title, type }) => [id, title, type])).toEqual([['edges', 'Edges', 'canny']]);
  });

  it.each([
    ['text that is no JSON', '{', 'not JSON'],
    ['another schema', '{"schema": 2}', 'schema'],
    ['an unknown field', '{"schema": 1, "license": "MIT"}', 'license'],
    ['an id with a slash', '{"schema": 1, "id": "a/b"}', 'id'],
    ['a scheduler that is not built', '{"schema": 1, "defaults": {"scheduler": "plms"}}', 'defaults.scheduler'],
    ['a width that is no multiple of 8', '{"schema": 1, "defaults": {"width": 250}}', 'defaults.width'],
    [
      'a path out of the folder',
      '{"schema": 1, "controlnets": [{"path": "../x", "type": "canny"}]}',
      'controlnets.0.path',
    ],
  ])('with %s rejects the model and says why', async (_, text, reason) => {
    const folder = await addTinyModel('tiny');
    await writeFile(join(folder, 'armature.json'), text);
    const { bases, rejected } = await (await openLibrary([models], options)).list();
    expect(bases).toEqual([]);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({ id: 'tiny', code: 'model_invalid' });
    expect(rejected[0]?.detail).toContain(reason);
  });

  it('may name a type that is no condition of this version', async () => {
    const folder = await addTinyModel('tiny');
    const manifest = { schema: 1, controlnets: [{ path: 'controlnet-a', type: 'magic' }] };
    await writeFile(join(folder, 'armature.json'), JSON.stringify(manifest));
    const { controlNets, rejected } = await (await openLibrary([models], options)).list();
    expect(controlNets.map(({ id, type }) => [id, type])).toEqual([
      ['tiny-a', 'magic'],
      ['tiny-b', null],
    ]);
    expect(rejected).toEqual([]);
  });

  it.each(['Magic!', 'a b', 'x'.repeat(41)])('that names %j as a type rejects that ControlNet alone', async (type) => {
    const folder = await addTinyModel('tiny');
    const manifest = { schema: 1, controlnets: [{ path: 'controlnet-a', type }] };
    await writeFile(join(folder, 'armature.json'), JSON.stringify(manifest));
    const { bases, controlNets, rejected } = await (await openLibrary([models], options)).list();
    expect(bases).toHaveLength(1);
    expect(controlNets.map(({ id }) => id)).toEqual(['tiny-b']);
    expect(rejected).toMatchObject([{ id: 'tiny-a', code: 'unknown_condition' }]);
    expect(rejected[0]?.detail).toContain(`received "${type}"`);
  });

  it('that names a ControlNet which is not there rejects that one alone', async () => {
    const folder = await addTinyModel('tiny');
    const manifest = { schema: 1, controlnets: [{ path: 'controlnet-c', type: 'canny' }] };
    await writeFile(join(folder, 'armature.json'), JSON.stringify(manifest));
    const { bases, rejected } = await (await openLibrary([models], options)).list();
    expect(bases).toHaveLength(1);
    expect(rejected.map(({ id }) => id)).toEqual(['tiny-c']);
  });
});

describe('what cannot be used', () => {
  it('never stops the scan, and tells clients base names only', async () => {
    await addTinyModel('good');
    await writeFile(join(models, 'noise.safetensors'), Buffer.from('this is no model at all, not even nearly'));
    await cp(smallModelPath('formats', 'taesd-tiny-encoder.safetensors'), join(models, 'style.safetensors'));
    const broken = await addTinyModel('broken');
    const weights = join(broken, 'unet', 'diffusion_pytorch_model.safetensors');
    await writeFile(weights, (await readFile(weights)).subarray(0, 5000));
    const { bases, rejected } = await (await openLibrary([models], options)).list();
    expect(bases.map(({ id }) => id)).toEqual(['good']);
    expect(rejected.map(({ id, code }) => [id, code])).toEqual([
      ['broken', 'model_invalid'],
      ['noise', 'model_invalid'],
      ['style', 'model_invalid'],
    ]);
    expect(JSON.stringify(rejected)).not.toContain(root);
  });

  it('is the second of two with one id; the first folder wins', async () => {
    await addTinyModel('tiny');
    const other = join(root, 'other');
    await cp(smallModelPath('models', 'sd21-tiny'), join(other, 'Tiny'), { recursive: true });
    const library = await openLibrary([other, models], options);
    const { bases, controlNets, rejected } = await library.list();
    expect(bases.map(({ path }) => path)).toEqual([join(other, 'Tiny')]);
    expect(controlNets.map(({ path }) => path)).toEqual([join(other, 'Tiny', 'controlnet-a')]);
    expect(rejected).toMatchObject([{ id: 'tiny', code: 'conflict' }]);
  });

  it('says of a model that was asked for why it was refused', async () => {
    await writeFile(join(models, 'noise.safetensors'), Buffer.alloc(100));
    const library = await openLibrary([models], options);
    expect(await codeOf(library.find(findBase, 'noise'))).toBe('model_invalid');
  });
});

describe('what somebody owns', () => {
  it('is there for its owner and the operator alone, and what nobody owns for everybody', async () => {
    await addTinyModel('tiny');
    await addTinyModel('shared');
    const library = await openLibrary([models], {
      ...options,
      inspect: async (candidate, told) => {
        const finding = await inspect(candidate, told);
        const owner = candidate.path.endsWith('tiny') ? 'alice' : null;
        return { ...finding, models: finding.models.map((model) => ({ ...model, owner })) };
      },
    });
    const idsOf = ({ bases, controlNets }: ModelList) => [...bases, ...controlNets].map(({ id }) => id);
    const all = ['shared', 'tiny', 'shared-a', 'shared-b', 'tiny-a', 'tiny-b'];
    expect(idsOf(await library.list())).toEqual(all);
    expect(idsOf(await library.of('alice').list())).toEqual(all);
    expect(idsOf(await library.of('bob').list())).toEqual(['shared', 'shared-a', 'shared-b']);
    expect(await library.of('alice').find(findBase, 'tiny')).toMatchObject({ owner: 'alice' });
    await expect(library.of('bob').find(findBase, 'tiny')).rejects.toMatchObject({
      code: 'unknown_model',
      choices: ['shared'],
    });
    expect(await codeOf(library.of('bob').find(findControlNet, 'tiny-a'))).toBe('unknown_model');
    expect(await library.of('bob').ask(idsOf)).toEqual(['shared', 'shared-a', 'shared-b']);
    // What was made of a list, such as an answer, holds as long as the list does.
    expect(await library.of('carol').list()).toBe(await library.of('bob').list());
    await addTinyModel('shared-too');
    expect(idsOf(await library.of('bob').list())).toContain('shared-too');
    expect(idsOf(await library.of('bob').list())).not.toContain('tiny');
  });

  it('is told to nobody else where it cannot be used, either', async () => {
    await addTinyModel('shared');
    const owners = new Map<string, string | null | undefined>();
    for (const [name, owner] of [
      ['noise', 'alice'],
      ['nobodys', undefined],
      ['all', null],
    ] as const) {
      await writeFile(join(models, `${name}.safetensors`), Buffer.alloc(100));
      owners.set(`${name}.safetensors`, owner);
    }
    const library = await openLibrary([models], options);
    library.own({
      refresh: async () => {},
      state: 'some have owners',
      ownerOf: (path) => (owners.has(basename(path)) ? owners.get(basename(path)) : null),
      coming: async () => false,
    });
    const refused = async (tenant: string) => (await library.of(tenant).list()).rejected.map(({ id }) => id);
    // Whoever asks first: what others see is made once.
    expect(await refused('alice')).toEqual(['all', 'noise']);
    expect(await refused('bob')).toEqual(['all']);
    expect(await codeOf(library.of('bob').find(findBase, 'noise'))).toBe('unknown_model');
    expect(await codeOf(library.of('alice').find(findBase, 'noise'))).toBe('model_invalid');
  });
});

describe('setType', () => {
  it('keeps the type of a ControlNet in DATA, for this library and the next', async () => {
    await addTinyModel('tiny');
    const library = await openLibrary([models], options);
    expect(await setType(library, 'tiny-a', 'canny')).toMatchObject({ id: 'tiny-a', type: 'canny' });
    await setType(library, 'tiny-b', 'depth');
    const again = await openLibrary([models], options);
    expect((await again.list()).controlNets.map(({ type }) => type)).toEqual(['canny', 'depth']);
  });

  it('goes before armature.json', async () => {
    const library = await openLibrary([embedded], options);
    await setType(library, 'diorama-seg', 'canny');
    expect(await library.find(findControlNet, 'diorama-seg')).toMatchObject({ type: 'canny' });
  });

  it('refuses an unknown condition and an unknown ControlNet', async () => {
    const library = await openLibrary([embedded], options);
    await expect(setType(library, 'diorama-seg', 'magic')).rejects.toMatchObject({
      code: 'unknown_condition',
      choices: conditions,
    });
    expect(await codeOf(setType(library, 'nothing', 'canny'))).toBe('unknown_model');
    expect(await codeOf(setType(library, 'diorama', 'canny'))).toBe('unknown_model');
  });

  it('says that its file is damaged instead of forgetting what it held', async () => {
    await writeFile(join(root, 'armature.json'), '{"schema": 1');
    expect(await codeOf(openLibrary([embedded], options))).toBe('invalid_config');
  });
});

describe('a listing', () => {
  it('is the same one as long as nothing is other than it was', async () => {
    const folder = await addTinyModel('tiny');
    const library = await openLibrary([models], options);
    const first = await library.list();
    expect(await library.list()).toBe(first);
    expect(await library.of('somebody').list()).toBe(first);
    await writeFile(join(folder, 'armature.json'), JSON.stringify({ schema: 1, title: 'Small' }));
    const second = await library.list();
    expect(second.bases.map(({ title }) => title)).toEqual(['Small']);
    await setPrediction(library, 'tiny', { type: 'v_prediction', zeroSnr: false });
    expect((await library.list()).bases.map(({ prediction }) => prediction.type)).toEqual(['v_prediction']);
    await rm(folder, { recursive: true });
    expect((await library.list()).bases).toEqual([]);
  });
});
