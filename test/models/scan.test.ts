import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLibrary } from '../../src/models/library.ts';
import { folderKinds } from '../../src/models/kinds/kinds.ts';
import { findCandidates } from '../../src/models/scan/candidates.ts';
import { KnownConfigs } from '../../src/models/scan/known-configs.ts';
import { smallModelPath } from '../support/golden.ts';
import { noModels } from '../../src/generation/models/model-list.ts';

let models: string;

beforeEach(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-scan-'));
});

afterEach(async () => await rm(models, { recursive: true }));

const conditions = ['canny'];
const list = async () => await (await openLibrary([models], { conditions })).list();
const pipe = (...parts: readonly string[]): void => void execFileSync('mkfifo', [join(models, ...parts)]);

/** The reason of each model that is listed as not usable, by its id. */
async function reasons(): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await list()).rejected.map(({ id, detail }) => [id, detail]));
}

async function addTiny(name: string): Promise<string> {
  const folder = join(models, name);
  await cp(smallModelPath('models', 'sd15-tiny'), folder, { recursive: true });
  return folder;
}

describe('special files', () => {
  it('are listed with what they are, and never opened', async () => {
    pipe('waits.safetensors');
    const server = createServer().listen(join(models, 'answers.safetensors'));
    try {
      await symlink('/dev/zero', join(models, 'endless.safetensors'));
      await symlink('/dev/zero', join(models, 'endless.ckpt'));
      expect(await reasons()).toEqual({
        answers: 'answers.safetensors is a socket, not a file: it is not opened.',
        endless: expect.stringMatching(/^endless\.(ckpt|safetensors) is a device, not a file: it is not opened\.$/),
        waits: 'waits.safetensors is a pipe, not a file: it is not opened.',
      });
    } finally {
      server.close();
    }
  });

  it.each([
    ['unet', 'config.json'],
    ['unet', 'diffusion_pytorch_model.safetensors'],
    ['scheduler', 'scheduler_config.json'],
    ['armature.json', ''],
  ])('in the place of %s %s make a reason of the model, not a wait', async (...parts) => {
    const folder = await addTiny('tiny');
    const place = join(...parts);
    await rm(join(folder, place), { force: true });
    pipe('tiny', place);
    const found = await list();
    expect(found.bases).toEqual([]);
    expect(found.rejected).toMatchObject([{ id: 'tiny', code: 'model_invalid' }]);
    expect(found.rejected[0]?.detail).toMatch(/pipe/);
    expect(found.rejected[0]?.detail).not.toContain(models);
  });

  it('as a config.json beside weights, or as an index of shards, hold nothing up', async () => {
    await mkdir(join(models, 'a'));
    pipe('a', 'config.json');
    await mkdir(join(models, 'b', 'unet'), { recursive: true });
    await writeFile(join(models, 'b', 'model_index.json'), '{}');
    await writeFile(join(models, 'b', 'unet', 'config.json'), '{}');
    pipe('b', 'unet', 'diffusion_pytorch_model.safetensors.index.json');
    expect(Object.keys(await reasons())).toEqual(['b']);
  });
});

it('a config.json that could not be read for a moment is read the next time, though it is as it was', async () => {
  const configs = new KnownConfigs(folderKinds);
  const path = join(models, 'config.json');
  const entry = { path, identity: '1:2', bytes: 0, kind: 'file', stamp: 'the same', problem: null } as const;
  expect(await configs.kindOf(entry)).toBeNull();
  configs.forgetOthers();
  await writeFile(path, '{"_class_name": "ControlNetModel"}');
  expect(await configs.kindOf(entry)).toBe('controlnet');
  configs.forgetOthers();
  await rm(path);
  expect(await configs.kindOf(entry)).toBe('controlnet');
});

describe('names', () => {
  it.each(['Edges.SAFETENSORS', 'Edges.SafeTensors'])('%s is a model file', async (name) => {
    await cp(
      smallModelPath('models', 'sd15-tiny', 'controlnet-a', 'diffusion_pytorch_model.safetensors'),
      join(models, name),
    );
    const folder = await addTiny('tiny');
    const unet = join(folder, 'unet', 'diffusion_pytorch_model');
    await cp(`${unet}.safetensors`, `${unet}.SAFETENSORS`);
    await rm(`${unet}.safetensors`);
    const { bases, rejected, controlNets } = await list();
    expect(bases.map(({ id }) => id)).toEqual(['tiny']);
    // Its groups are no usual ones, and a single file does not tell: it was looked into all the same.
    expect([...rejected, ...controlNets].map(({ id }) => id)).toContain('edges');
    expect(rejected.map(({ detail }) => detail).join()).not.toContain('neither');
  });

  it.each(['ckpt', 'pt', 'pth', 'bin', 'CKPT'])(
    '.%s is listed as a pickle, with the way out, and not opened',
    async (extension) => {
      await writeFile(join(models, `Old One.${extension}`), 'cos\nsystem\n');
      const found = await list();
      expect(found.rejected).toEqual([
        {
          id: 'old-one',
          code: 'model_invalid',
          detail: expect.stringMatching(new RegExp(`^Old One\\.${extension} is a pickle, .* convert`)),
        },
      ]);
    },
  );

  it('that are hidden, and other kinds of files, stay unlisted', async () => {
    for (const name of ['._x.safetensors', '.x.ckpt', 'preview.png', 'readme.txt', 'notes.json'])
      await writeFile(join(models, name), 'x');
    await mkdir(join(models, '.cache'));
    await writeFile(join(models, '.cache', 'x.safetensors'), 'x');
    expect(await list()).toEqual(noModels);
  });
});

describe('links', () => {
  it('in circles end, and those that lead nowhere are listed', async () => {
    await addTiny('tiny');
    await symlink(models, join(models, 'again'));
    await symlink(join(models, 'round'), join(models, 'round'));
    await symlink('self.safetensors', join(models, 'self.safetensors'));
    await symlink('/absent/file', join(models, 'gone.safetensors'));
    const { bases, rejected } = await list();
    expect(bases.map(({ id }) => id)).toEqual(['tiny']);
    expect(rejected.map(({ id, detail }) => [id, detail])).toEqual([
      ['gone', 'gone.safetensors cannot be read: it is not there.'],
      ['self', 'self.safetensors cannot be read: its links lead in a circle.'],
    ]);
  });
});

describe('bounds', () => {
  it('on the number of entries are told, and what was looked at is listed', async () => {
    await addTiny('a-tiny');
    await mkdir(join(models, 'z-many'));
    for (let i = 0; i < 100; i++) await writeFile(join(models, 'z-many', `${i}.png`), '');
    const found = await findCandidates(models, new KnownConfigs(folderKinds), 60);
    expect(found.map(({ kind }) => kind)).toEqual(['pipeline', 'unusable']);
    expect(found.at(-1)?.reason).toContain('more than 60 files and folders');
    expect((await findCandidates(models, new KnownConfigs(folderKinds))).map(({ kind }) => kind)).toEqual(['pipeline']);
  });

  it.each([
    ['unet', 'config.json', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['unet', 'config.json', `{"sample_size":"${'x'.repeat(2 ** 21)}"}`],
    ['scheduler', 'scheduler_config.json', `{"trained_betas":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['.', 'armature.json', `{"schema":1,"title":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`],
  ])('on %s/%s make a reason', async (part, name, text) => {
    const folder = await addTiny('tiny');
    await writeFile(join(folder, part, name), text);
    const { bases, rejected } = await list();
    expect(bases).toEqual([]);
    expect(rejected).toMatchObject([{ id: 'tiny', code: 'model_invalid' }]);
    expect(rejected[0]?.detail.length).toBeLessThan(400);
  });
});
