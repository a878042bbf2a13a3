import { describe, expect, it } from 'vitest';
import { catalogOf } from '../../src/generation/catalog.ts';
import { costOfDrawing } from '../../src/generation/cost.ts';
import type { GivenPicture } from '../../src/generation/given-picture.ts';
import { generationKind } from '../../src/generation/kinds/generation/kind.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { ImageEncoderModel } from '../../src/generation/models/image-encoder.ts';
import type { IpAdapterModel } from '../../src/generation/models/ip-adapter.ts';
import { type ModelList, noModels } from '../../src/generation/models/model-list.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import { photoModel } from '../support/photo-model.ts';

const widths = [320, 320, 640, 640, 1280, 1280, 1280];
const base: BaseModel = { ...photoModel, crossAttentions: widths };
const other: BaseModel = { ...base, id: 'other', crossAttentions: widths.slice(1) };
const files = { title: '', licence: null, owner: null, hash: 'abc', path: '/models' } as const;

function adapter(id: string, asked: Partial<IpAdapterModel> = {}): IpAdapterModel {
  const { contextWidth } = base.family;
  return {
    ...files,
    kind: 'ip-adapter',
    id,
    method: 'basic',
    pictureWidth: 1024,
    tokens: 4,
    contextWidth,
    widths,
    ...asked,
  };
}

function encoder(id: string, hiddenWidth: number, projectionWidth: number): ImageEncoderModel {
  return { ...files, kind: 'image-encoder', id, layout: 'single-file', imageSize: 224, hiddenWidth, projectionWidth };
}

const [vitH, bigG] = [encoder('vit-h', 1280, 1024), encoder('big-g', 1664, 1280)];
const models: ModelList = {
  ...noModels,
  bases: [base, other],
  ipAdapters: [adapter('basic')],
  imageEncoders: [bigG, vitH],
};

function picture(name: string, size: Partial<GivenPicture> = {}): GivenPicture {
  return { stored: { key: name, sha256: name }, width: 64, height: 64, structure: null, map: null, ...size };
}

function resolve(asked: object, list: ModelList = models, shown: readonly GivenPicture[] = [picture('a')]) {
  const control = { type: 'image_prompt', image: { upload_id: 'upl_1' }, ...asked };
  const request = parseGeneration({ prompt: 'x', model: base.id, controls: [control] });
  const [first, ...further] = shown;
  return resolveGeneration(request, {
    catalog: catalogOf(list),
    defaultModel: base.id,
    given: [{ index: 0, request: request.controls[0]!, picture: first!, further, others: new Map() }],
    randomSeed: () => 1,
    embedParameters: true,
  });
}

describe('an image prompt', () => {
  it('is given to the IP-Adapter that fits and seen with the encoder that has its dimensions', () => {
    const { plan, warnings } = resolve({ scale: 0.6 });
    expect(plan.controls).toMatchObject([
      {
        type: 'image_prompt',
        model: { id: 'basic' },
        source: { kind: 'pictures', images: [{ key: 'a' }], encoder: { id: 'vit-h', hash: 'abc' } },
        scale: 0.6,
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['basic', 1024, 'vit-h'],
    ['basic', 1280, 'big-g'],
    ['plus', 1280, 'vit-h'],
    ['plus', 1664, 'big-g'],
  ] as const)('of a %s one that takes %i is seen with %s', (method, pictureWidth, id) => {
    const { plan } = resolve({}, { ...models, ipAdapters: [adapter('one', { method, pictureWidth })] });
    expect(plan.controls[0]?.source).toMatchObject({ encoder: { id } });
  });

  it.each([
    [
      { method: 'basic', pictureWidth: 1280 },
      /projection is 1280 wide \(CLIP ViT-bigG\)\. There are vit-h \(states 1280 wide, projection 1024\)/,
    ],
    [{ method: 'plus', pictureWidth: 1664 }, /states are 1664 wide \(CLIP ViT-bigG\)/],
    [{ method: 'plus', pictureWidth: 999 }, /states are 999 wide\./],
  ] as const)('is refused where the encoder is another: %o', (asked, reason) => {
    const list = { ...models, ipAdapters: [adapter('one', asked)], imageEncoders: [vitH] };
    expect(() => resolve({}, list)).toThrow(
      expect.objectContaining({ code: 'unknown_model', message: expect.stringMatching(reason) }),
    );
    expect(() => resolve({}, { ...list, imageEncoders: [] })).toThrow(/There is none at all yet/);
  });

  it('is refused where none fits, with the facts of both sides', () => {
    const list = { ...models, ipAdapters: [adapter('small', { widths: widths.slice(1) })] };
    expect(() => resolve({}, list)).toThrow(
      /no IP-Adapter that fits the base model photo.*1 of 320, 2 of 640, 3 of 1280\)/,
    );
    expect(() => resolve({}, { ...models, ipAdapters: [] })).toThrow(
      /^There is no IP-Adapter that fits the base model photo\.$/,
    );
    const wide = { ...models, ipAdapters: [adapter('wide', { contextWidth: 9 })] };
    expect(() => resolve({ model: 'wide' }, wide)).toThrow(/context width 9.*None that is there fits it/);
  });

  it('asks which one is meant where several fit', () => {
    const list = { ...models, ipAdapters: [adapter('basic'), adapter('plus', { method: 'plus', pictureWidth: 1280 })] };
    expect(() => resolve({}, list)).toThrow(
      expect.objectContaining({ code: 'invalid_request', choices: ['basic', 'plus'] }),
    );
    expect(resolve({ model: 'plus' }, list).plan.controls[0]?.model.id).toBe('plus');
  });

  it('says of which pictures the middle is seen alone, where that is known', () => {
    const shown = [picture('a', { width: 65 }), picture('b'), picture('c', { height: 0, pending: true })];
    const { warnings } = resolve({}, models, shown);
    expect(warnings).toEqual([
      'controls[0] sees the middle of picture 0, 64 x 64 of 65 x 64 pixels: what lies beside it is left out.',
    ]);
  });

  it('is refused where a picture would be huge once its short side has the size that the encoder sees', () => {
    const line = picture('line', { width: 1, height: 60_000 });
    const refused = (asked: object, shown: readonly GivenPicture[], field: string): void =>
      expect(() => resolve(asked, models, shown)).toThrow(expect.objectContaining({ code: 'invalid_request', field }));
    refused({}, [line], 'controls[0].image');
    const several = { image: undefined, images: [{ upload_id: 'upl_1' }, { upload_id: 'upl_2' }] };
    refused(several, [picture('a'), line], 'controls[0].images[1]');
    expect(() => resolve({}, models, [{ ...line, width: 200 }])).not.toThrow();
  });

  it('is refused at every other step: its networks run once', () => {
    expect(() => resolve({ every: 2 })).toThrow(
      expect.objectContaining({
        code: 'incompatible_control',
        field: 'controls[0].every',
        message: expect.stringMatching(/basic but received 2: it is an IP-Adapter, whose network runs once a pass/),
      }),
    );
  });

  it('costs a quarter of a step at 512 x 512 for each picture', () => {
    const [one, three] = [1, 3].map((count) =>
      costOfDrawing(
        resolve(
          {},
          models,
          Array.from({ length: count }, (_, i) => picture(String(i))),
        ).plan,
      ),
    );
    expect(three! - one!).toBe((2 * 512 * 512) / 4);
  });

  it('has a picture at its place among the sources, further ones behind all others', () => {
    const { plan } = resolve({}, models, [picture('a'), picture('b')]);
    const maps = { ...plan, controls: [plan.controls[0]!, { ...plan.controls[0]!, type: 'canny' }] };
    expect(generationKind.sources(maps).map((stored) => stored?.key)).toEqual(['a', 'a', 'b', 'b']);
  });

  it.each([{ start: 0.8, end: 0.2 }, { passes: 'high' }])('obeys what all controls do: %o', (asked) => {
    expect(() => resolve(asked)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
