import { describe, expect, test } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import { modelList } from '../../src/generation/models/model-list.ts';
import type { TaesdModel } from '../../src/generation/models/taesd.ts';
import type { VaeModel } from '../../src/generation/models/vae.ts';
import { resolveAutoencoder } from '../../src/generation/resolve-autoencoder.ts';

const family = {
  name: 'sd1',
  contextWidth: 768,
  latentChannels: 4,
  blockChannels: [320, 640, 1280, 1280],
  layersPerBlock: 2,
} as const;
const base = {
  kind: 'base',
  id: 'photo',
  family,
  latentScale: 8,
  scalingFactor: 0.18215,
  vae: null,
} as unknown as BaseModel;
const own: BaseModel = { ...base, id: 'own', family: { ...family, name: 'other' } };

const latents = {
  licence: null,
  owner: null,
  hash: 'h',
  path: '',
  layout: 'single-file',
  latentChannels: 4,
  latentScale: 8,
} as const;

function vae(id: string, scalingFactor: number | null, fits: readonly string[] | null = null, more = {}): VaeModel {
  return { ...latents, kind: 'vae', id, title: id, scalingFactor, fits, ...more };
}
function taesd(id: string, fits: readonly string[] | null): TaesdModel {
  return { ...latents, kind: 'taesd', id, title: id, fits };
}

const vaes = [
  vae('said', 0.18215),
  vae('sdxl-said', 0.13025),
  vae('untold', null),
  vae('told', null, ['sd1', 'sd2']),
  vae('told-own', null, ['own']),
  vae('sixteen', 0.18215, null, { latentChannels: 16 }),
  vae('coarse', null, ['sd1'], { latentScale: 16 }),
];
const taesds = [taesd('fast-xl', ['sdxl']), taesd('fast', ['sd1', 'sd2']), taesd('fast-untold', null)];
const list = (changes: { readonly vaes?: readonly VaeModel[]; readonly taesds?: readonly TaesdModel[] } = {}) => ({
  ...modelList([base, own]),
  vaes,
  taesds,
  ...changes,
});

function refusal(request: { vae?: string; decoder?: 'vae' | 'taesd' }, of = base, models = list()): ArmatureError {
  try {
    resolveAutoencoder({ vae: undefined, decoder: 'vae', ...request }, of, models);
  } catch (error) {
    if (error instanceof ArmatureError) return error;
  }
  throw new Error('It was not refused');
}

describe('the autoencoder of a request', () => {
  test.each([
    [undefined, base, {}],
    ['photo', base, {}],
    ['said', base, { vae: { id: 'said', hash: 'h' } }],
    ['told', base, { vae: { id: 'told', hash: 'h' } }],
    ['told-own', own, { vae: { id: 'told-own', hash: 'h' } }],
    ['said', own, { vae: { id: 'said', hash: 'h' } }],
    [undefined, { ...base, vae: 'told' }, { vae: { id: 'told', hash: 'h' } }],
    ['photo', { ...base, vae: 'told' }, {}],
  ] as const)('%s is settled', (asked, of, plan) => {
    expect(resolveAutoencoder({ vae: asked, decoder: 'vae' }, of, list())).toEqual(plan);
  });

  test.each([
    ['sdxl-said', base, /scaling factors differ \(0\.13025 and 0\.18215\)\. Those that fit it: said, told\.$/],
    ['untold', base, /shapes cannot tell\. If it is for those of photo: armature models set untold --fits sd1\.$/],
    ['untold', own, /armature models set untold --fits own\.$/],
    ['told', own, /is for the latents of sd1, sd2, not for those of the base model own \(other\)/],
    ['told-own', base, /is for the latents of own/],
    ['sixteen', base, /16 channels and cells of 8 x 8 pixels, but those of the base model photo have 4 and 8 x 8/],
    ['coarse', base, /4 channels and cells of 16 x 16/],
  ] as const)('%s is refused with what would fit', (asked, of, reason) => {
    const error = refusal({ vae: asked }, of);
    expect(error).toMatchObject({ code: 'incompatible_autoencoder', field: 'vae' });
    expect(error.message).toMatch(reason);
    expect(error.choices).toContain(of.id);
  });

  test('that is none, or is of another kind, is said so', () => {
    expect(refusal({ vae: 'tolt' })).toMatchObject({ code: 'unknown_model', field: 'vae' });
    expect(refusal({ vae: 'tolt' }).message).toMatch(/There is no autoencoder "tolt"\. Did you mean told\?/);
    expect(refusal({ vae: 'own' }).message).toMatch(/own is a base model and no autoencoder/);
    expect(refusal({ vae: 'fast' }).message).toMatch(/fast is a TAESD and no autoencoder/);
  });

  test('that the model is set to and that does not fit is refused at the model', () => {
    const error = refusal({}, { ...base, vae: 'sdxl-said' });
    expect(error).toMatchObject({ code: 'incompatible_autoencoder', field: 'model' });
    expect(error.message).toMatch(/The model photo is set to it\.$/);
  });
});

describe('a TAESD', () => {
  test('is the first that is said to fit', () => {
    const settled = resolveAutoencoder({ vae: 'said', decoder: 'taesd' }, base, list());
    expect(settled).toEqual({ vae: { id: 'said', hash: 'h' }, taesd: { id: 'fast', hash: 'h' } });
  });

  test.each([
    [[], /There is none at all: armature models pull taesd/],
    [[taesd('fast-xl', ['sdxl'])], /fast-xl is for the latents of sdxl.* armature models set fast-xl --fits sd1\.$/],
    [[taesd('fast-untold', null)], /shapes cannot tell\. If it is .*: armature models set fast-untold --fits sd1\.$/],
  ] as const)('is never guessed', (there, reason) => {
    const error = refusal({ decoder: 'taesd' }, base, list({ taesds: there }));
    expect(error).toMatchObject({ code: 'incompatible_autoencoder', field: 'decoder', choices: ['vae'] });
    expect(error.message).toMatch(reason);
  });
});
