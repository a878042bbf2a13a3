import { describe, expect, it } from 'vitest';
import { catalogOf } from '../../src/generation/catalog.ts';
import { costOfDrawing, progressIn } from '../../src/generation/cost.ts';
import { generationView } from '../../src/generation/kinds/generation/effective.ts';
import { generationKind } from '../../src/generation/kinds/generation/kind.ts';
import { storedGeneration } from '../../src/generation/kinds/generation/stored-plan.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import type { LoraModel } from '../../src/generation/models/lora.ts';
import type { UpscalerModel } from '../../src/generation/models/upscaler.ts';
import { modelList } from '../../src/generation/models/model-list.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import { passesOf } from '../../src/generation/passes.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import type { Resolved } from '../../src/generation/resolved.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import { parametersText } from '../../src/drawing/parameters-text.ts';
import { photoModel } from '../support/photo-model.ts';

const base = photoModel;
/** Of another family, with latents of its own. */
const other = {
  ...base,
  id: 'other',
  hash: 'hash of other',
  scalingFactor: 0.13025,
  family: { ...base.family, contextWidth: 1024 },
};
const twin = { ...base, id: 'twin', hash: 'hash of twin', textLayers: 2 };
const controlNet: ControlNetModel = {
  kind: 'controlnet',
  id: 'edges',
  title: 'edges',
  licence: null,
  owner: null,
  hash: 'hash of edges',
  path: '',
  family: base.family,
  layout: 'diffusers',
  type: 'canny',
  bundledWith: null,
  unionTypes: null,
  changes: null,
};
const lora: LoraModel = {
  kind: 'lora',
  id: 'ink',
  title: 'ink',
  licence: null,
  owner: null,
  hash: 'hash of ink',
  path: '',
  names: ['ink'],
  fits: { contextWidth: base.family.contextWidth, textWidth: null, needsSdxl: false },
  methods: ['LoRA'],
  layers: 1,
  rank: 4,
  triggerWords: [],
  words: [],
};
const network: UpscalerModel = {
  kind: 'upscaler',
  id: 'sharp',
  title: 'sharp',
  licence: null,
  owner: null,
  hash: 'hash of sharp',
  path: '',
  scale: 2,
};

function resolve(body: object): Resolved<GenerationPlan> {
  const request = parseGeneration({ prompt: 'a', seed: 3, width: 512, height: 384, ...body });
  const picture = { stored: { key: 'k', sha256: 's' }, width: 640, height: 480, structure: null, map: null };
  const painter = { ...base, id: 'painter', task: 'inpainting' } as const;
  const models = modelList([
    base,
    other,
    twin,
    painter,
    controlNet,
    lora,
    network,
    { ...network, id: 'giant', scale: 8 },
  ]);
  return resolveGeneration(request, {
    catalog: catalogOf(models),
    defaultModel: 'photo',
    given: request.controls.map((control, index) => ({ index, request: control, picture, others: new Map() })),
    init: request.init_image === undefined ? null : picture,
    randomSeed: () => 77,
    embedParameters: true,
  });
}

const hiresOf = (hires: object, body: object = {}) => resolve({ ...body, hires }).plan.hires!;
const canny = { type: 'canny', image: { upload_id: 'upl_1' } };

describe('the size of a hires pass', () => {
  it.each([
    [{}, 1024, 768],
    [{ scale: 1.5 }, 768, 576],
    // int(512 * 1.33) = 680, int(384 * 1.33) = 510: down to 8.
    [{ scale: 1.33 }, 680, 504],
    [{ width: 800 }, 800, 600],
    // 700 * 512 / 384 is 933.33
    [{ height: 696 }, 928, 696],
  ])('%j', (hires, width, height) => {
    expect(hiresOf(hires)).toMatchObject({ width, height, enlarged: { width, height } });
  });

  it('of both sides is cut out of what covers them', () => {
    expect(hiresOf({ width: 768, height: 768 })).toMatchObject({ enlarged: { width: 1024, height: 768 } });
    expect(hiresOf({ width: 1024, height: 512 })).toMatchObject({ enlarged: { width: 1024, height: 768 } });
    expect(hiresOf({ width: 1024, height: 768 })).toMatchObject({ enlarged: { width: 1024, height: 768 } });
  });

  it('is that of the output', () => {
    expect(generationKind.outputSize(resolve({ hires: {} }).plan)).toEqual({ width: 1024, height: 768 });
  });
});

describe('a hires pass', () => {
  it('is sampled as the first one where it says nothing else', () => {
    const sampling = { scheduler: 'euler_a', schedule: 'karras', eta: 0.5, steps: 12 } as const;
    const run = { steps: 12, evaluations: 12 };
    const first = { scheduler: 'euler_a', schedule: 'karras', eta: 0.5, sChurn: 0, steps: 12, run };
    expect(hiresOf({}, sampling)).toMatchObject({ ...first, strength: 0.7, upscaler: { id: 'latent_bilinear' } });
    // What the other sampler does not have, it does not get.
    expect(hiresOf({ scheduler: 'dpmpp_2m' }, sampling)).toMatchObject({ schedule: null, eta: null });
    expect(hiresOf({ scheduler: 'ddim' }, sampling)).toMatchObject({ eta: 0.5 });
    expect(hiresOf({ schedule: null, steps: 5, scheduler: 'heun' }, sampling)).toMatchObject({
      schedule: null,
      steps: 5,
      run: { steps: 5, evaluations: 9 },
    });
  });

  it('makes as many steps as it says, of a schedule that is longer', () => {
    const [, pass] = passesOf(resolve({ hires: { steps: 6, strength: 0.4 } }).plan);
    expect(pass).toMatchObject({ part: { steps: 6, strength: 0.4, counts: 'executed' }, run: { steps: 6 } });
  });

  it('counts in cost and progress by its own size and steps', () => {
    const alone = costOfDrawing(resolve({ steps: 10 }).plan);
    const { plan } = resolve({ steps: 10, hires: { scale: 2, steps: 5 } });
    expect(costOfDrawing(plan)).toBe(alone + alone * 4 * 0.5);
    const passes = passesOf(plan);
    expect(progressIn(passes, 0, 10)).toMatchObject({ step: 10, steps: 15, share: 1 / 3 });
    expect(progressIn(passes, 1, 5)).toEqual({ step: 15, steps: 15, share: 1 });
  });

  it('costs what a network sees that enlarges the first picture, as often as it takes', () => {
    const alone = costOfDrawing(resolve({ hires: { scale: 3, steps: 5, upscaler: 'lanczos' } }).plan);
    const { plan } = resolve({ hires: { scale: 3, steps: 5, upscaler: 'sharp' }, count: 2 });
    const first = 512 * 384;
    // Twice as large, and again; each pixel that it sees costs 6 steps of one.
    const seen = 6 * (first + 4 * first);
    expect(costOfDrawing(plan)).toBe(2 * (alone + seen));
    expect(storedGeneration.read(storedGeneration.write(plan))).toEqual(plan);
    const passes = passesOf(plan);
    const share = (step: number, enlarged?: number): number => progressIn(passes, 1, step, enlarged).share ?? 0;
    const before = (first * 20) / (alone + seen);
    expect(share(0, 0)).toBeCloseTo(before, 12);
    expect(share(0, 0.5)).toBeCloseTo(before + seen / 2 / (alone + seen), 12);
    expect(share(0)).toBeCloseTo(before + seen / (alone + seen), 12);
    expect(progressIn(passes, 1, 5)).toEqual({ step: 25, steps: 25, share: 1 });
  });

  it('leaves latents where these are enlarged, else pictures', () => {
    const leaves = (upscaler: string) => passesOf(resolve({ hires: { upscaler } }).plan).map((pass) => pass.leaves);
    expect(leaves('latent_bicubic_antialiased')).toEqual(['latents', 'picture']);
    expect(leaves('lanczos')).toEqual(['picture', 'picture']);
    expect(leaves('sharp')).toEqual(['picture', 'picture']);
    expect(passesOf(resolve({}).plan).map((pass) => [pass.leaves, pass.takes])).toEqual([['picture', null]]);
  });

  it('goes on with the schedules of a prompt, and begins those of its own', () => {
    const texts = (hires: object) =>
      passesOf(resolve({ prompt: '[a:b:1.5]', steps: 4, hires: { steps: 4, ...hires } }).plan)[1]!;
    expect(texts({}).reading.prompt).toEqual({ within: '', steps: { steps: 4, goesOnAfter: 4 } });
    expect(texts({ prompt: '[c:d:0.5]' })).toMatchObject({
      prompt: '[c:d:0.5]',
      reading: { prompt: { within: 'hires.', steps: { steps: 4 } }, negative: { steps: { goesOnAfter: 4 } } },
    });
    // It changes in one of the passes, or in none.
    expect(resolve({ prompt: '[a:b:1.5]', hires: {} }).warnings).toEqual([]);
    expect(resolve({ prompt: 'a', hires: { prompt: '[a:b:1.5]', steps: 5 } }).warnings).toEqual([
      'hires.prompt: "[a:b:1.5]" is the same at all of the 5 steps.',
    ]);
  });

  it('costs the texts that it has of its own', () => {
    const cost = (hires: object) => costOfDrawing(resolve({ hires }).plan);
    const two = cost({ prompt: 'b', negative_prompt: 'c' }) - cost({});
    expect(two).toBe(2 * (cost({ prompt: 'b' }) - cost({})));
    expect(two).toBeGreaterThan(0);
    expect(cost({ model: 'twin' }) - cost({})).toBe(two);
  });

  it('stands in the plan as it is kept, in what clients see and in what files say', () => {
    const { plan } = resolve({ scheduler: 'euler_a', hires: { steps: 5, prompt: 'b, c', scheduler: 'euler_karras' } });
    expect(storedGeneration.read(storedGeneration.write(plan))).toEqual(plan);
    expect(generationView(plan, () => null)).toMatchObject({
      width: 512,
      hires: {
        model: { id: 'photo' },
        width: 1024,
        height: 768,
        upscaler: 'latent_bilinear',
        steps: 5,
        run: { steps: 5, evaluations: 5 },
        strength: 0.7,
        scheduler: 'euler_karras',
        schedule: 'karras',
        eta: 0,
        prompt: 'b, c',
        negative_prompt: null,
      },
    });
    expect(generationView(resolve({}).plan, () => null).hires).toBeNull();
    expect(parametersText(plan, 3)).toContain(
      'Denoising strength: 0.7, Hires resize: 1024x768, Hires steps: 5, Hires upscaler: latent_bilinear, Hires sampler: euler_karras, Hires prompt: "b, c"',
    );
    const over = resolve({ init_image: { upload_id: 'upl_1' }, hires: { strength: 0.5, model: 'twin' } });
    expect(parametersText(over.plan, 3)).toMatch(
      /Denoising strength: 0\.75, Hires denoising strength: 0\.5.*Hires checkpoint: twin/,
    );
  });
});

describe('what acts in the passes', () => {
  it('a control, in those that it says', () => {
    const passes = (control: object, hires?: object) =>
      resolve({ controls: [{ ...canny, ...control }], ...(hires === undefined ? {} : { hires }) }).plan.controls[0]!
        .passes;
    expect([passes({}), passes({}, {}), passes({ passes: 'low' }, {}), passes({ passes: 'high' }, {})]).toEqual([
      undefined,
      'both',
      'low',
      'high',
    ]);
  });

  it('a control and a LoRA that do not fit the second model, in the first alone', () => {
    const body = { controls: [canny], loras: [{ model: 'ink' }], hires: { model: 'other', upscaler: 'lanczos' } };
    const { plan, warnings } = resolve(body);
    expect([plan.controls[0]!.passes, plan.loras![0]!.passes]).toEqual(['low', 'low']);
    expect(warnings).toEqual([
      expect.stringMatching(/^controls\[0\] acts in the first pass alone: The ControlNet edges/),
      expect.stringMatching(/^loras\[0\] acts in the first pass alone: The LoRA ink/),
    ]);
    const twins = resolve({ ...body, hires: { model: 'twin' } });
    expect([twins.plan.controls[0]!.passes, twins.plan.loras![0]!.passes, twins.warnings]).toEqual([
      'both',
      undefined,
      [],
    ]);
  });
});

describe('what a hires pass cannot be', () => {
  it.each([
    [{ scale: 2, width: 1024 }, {}, 'hires.scale', /but received both/],
    [{ scale: 4 }, {}, 'hires.scale', /at most 2359296 pixels .* 2048 x 1536/],
    [{ height: 2048 }, {}, 'hires.height', /would draw 2728 x 2048/],
    [{ width: 64 }, {}, 'hires.width', /at least 64 but it would draw 64 x 48/],
    [{ strength: 0 }, {}, 'hires.strength', /at least 0\.02 with 20 steps/],
    [{ strength: 0.1, steps: 150 }, {}, 'hires.strength', /at least 0\.15 with 150 steps/],
    [{ upscaler: 'latent_cubic' }, {}, 'hires.upscaler', /choices are latent_nearest, .*lanczos, sharp, giant/],
    [
      { upscaler: 'giant', scale: 1.2 },
      { width: 1200, height: 1200 },
      'hires.upscaler',
      /giant.*to 1440 x 1440 it makes 9600 x 9600/,
    ],
    [{ model: 'painter' }, {}, 'hires', /painter was trained for inpainting and draws no second pass.* photo/],
    [{ model: 'nobody' }, {}, 'hires.model', /no base model "nobody"/],
    [{ model: 'other' }, {}, 'hires.model', /latents of their own.* photo, twin\.$/],
    [{ prompt: '<lora:ink:1> b' }, {}, 'hires.prompt', /LoRAs act in both passes/],
    [{ prompt: '[a|b](c:101)' }, {}, 'hires.prompt', /every weight in brackets in hires\.prompt/],
    [{ scheduler: 'lcm', steps: 4, schedule: 'karras' }, {}, 'hires.schedule', /lcm/],
    [{}, { controls: [{ ...canny, resolution: 64 }], width: 2048, height: 64 }, 'hires.scale', /2048/],
    [{ model: 'twin' }, { clip_skip: 3 }, 'clip_skip', /at most 1 with the model twin/],
    [{}, { init_image: { upload_id: 'a' }, mask_image: { upload_id: 'b' } }, 'hires', /inpaint\.area "masked"/],
  ] as const)('%j beside %j', (hires, body, field, message) => {
    let error: unknown;
    try {
      resolve({ ...body, hires });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ field, message: expect.stringMatching(message) });
  });

  it('a control of a second pass that there is none of', () => {
    expect(() => resolve({ controls: [{ ...canny, passes: 'high' }] })).toThrow(
      /Expected hires with controls\[0\]\.passes "high"/,
    );
  });
});
