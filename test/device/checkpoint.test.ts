import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shownNowhere } from '../../src/drawing/preview-port.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceProcess } from '../../src/device/device-process.ts';
import type { DeviceSettings } from '../../src/device/protocol.ts';
import { type CheckpointPort, type DrawingState, keptNowhere } from '../../src/drawing/checkpoint-port.ts';
import { type DrawnPasses, drawPasses, type PassesWork } from '../../src/drawing/draw-passes.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import { findBase } from '../../src/generation/models/base.ts';
import { findLora } from '../../src/generation/models/lora.ts';
import { passesOf } from '../../src/generation/passes.ts';
import type { GenerationPlan, PlannedHires } from '../../src/generation/plan.ts';
import { storedPlan } from '../../src/generation/kinds/kinds.ts';
import { openLibrary } from '../../src/models/library.ts';
import type { SchedulerId } from '../../src/schedulers/registry.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/worker/checkpoint-file.ts';
import type { Region } from '../../src/pixels/region.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { type DioramaModels, dioramaModels, modelsFolder, readPicture } from '../support/diorama.ts';
import { planFor } from '../support/draw-request.ts';
import { smallModelPath } from '../support/golden.ts';

const settings: DeviceSettings = {
  provider: 'cpu',
  deviceId: 0,
  threads: 1,
  memoryBudget: 2 ** 31,
  maxRows: 2,
  tokenizerFolder: `${modelsFolder}/clip-tokenizer`,
};

const device = new DeviceProcess({ settings, entry: new URL('../../dist/device/main.js', import.meta.url) });
const { signal } = new AbortController();
const extractor = new ExtractorProcess({ entry: new URL('../../dist/extractor/main.js', import.meta.url) });
let models: DioramaModels;
beforeAll(async () => {
  models = await dioramaModels();
});
const folder = mkdtempSync(join(tmpdir(), 'armature-checkpoint-'));
afterAll(async () => {
  await Promise.all([device.close(), extractor.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** The middle of a map, with edges in it: a drawing of it takes a sixteenth of the time that one of the whole would take. */
async function smallMap(): Promise<RgbImage> {
  const whole = await readPicture('scenes', '04_canny.png');
  const [size, from] = [64, 96];
  const rows = Array.from({ length: size }, (_, y) => {
    const start = ((from + y) * whole.width + from) * 3;
    return whole.data.subarray(start, start + size * 3);
  });
  return { width: size, height: size, data: new Uint8Array(Buffer.concat(rows)) };
}

function work(change: Partial<GenerationPlan>): PassesWork {
  const plan = planFor(models.base, { steps: 8, ...change });
  const pass = { base: models.base, controls: [], loras: [], autoencoder: { vae: null, taesd: null } };
  return {
    plan,
    passes: passesOf(plan).map(() => pass),
    preview: null,
    over: null,
    attempt: { job: 'job', attempt: 1 },
  };
}

async function draw(asked: PassesWork): Promise<DrawnPasses> {
  return await drawPasses({ device, extractor, previews: shownNowhere, checkpoints: keptNowhere }, asked, {
    signal,
    onProgress: () => {},
  });
}

/** Keeps every state as the bytes that a store would have. */
function keptInMemory(asked: PassesWork, kept: Uint8Array | null, onSave = (_state: DrawingState): void => {}) {
  const port: CheckpointPort & { bytes: Uint8Array | null } = {
    everyMs: 0,
    bytes: kept,
    load: async () =>
      await Promise.resolve(kept === null ? null : decodeCheckpoint(kept, storedPlan.write(asked.plan))),
    save: (state) => {
      port.bytes = encodeCheckpoint(state, storedPlan.write(asked.plan));
      onSave(state);
    },
    saved: async () => await Promise.resolve(),
  };
  return port;
}

/** Draws until a state that `wanted` says is the one, kills the process in mid-job, and goes on in a new one. */
async function drawWithDeath(asked: PassesWork, wanted: (state: DrawingState) => boolean): Promise<DrawnPasses> {
  let left: DrawingState | null = null;
  const first = keptInMemory(asked, null, (state) => {
    if (left !== null || !wanted(state)) return;
    left = state;
    process.kill(device.pid ?? 0, 'SIGKILL');
  });
  const killed = drawPasses({ device, extractor, previews: shownNowhere, checkpoints: first }, asked, {
    signal,
    onProgress: () => {},
  });
  await expect(killed).rejects.toMatchObject({ code: 'device_lost' });
  const steps: number[] = [];
  const second = { ...asked, attempt: { job: 'job', attempt: 2 } };
  const drawing = await drawPasses(
    { device, extractor, previews: shownNowhere, checkpoints: keptInMemory(asked, first.bytes) },
    second,
    {
      signal,
      onProgress: ({ step }) => steps.push(step),
    },
  );
  // It went on from there and did not begin anew.
  expect(Math.min(...steps, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(left!['step']);
  return drawing;
}

describe('a drawing whose process is killed goes on from its checkpoint to the same picture, bit for bit', () => {
  const cases: readonly (readonly [SchedulerId, number])[] = [
    ['ddim', 0],
    ['ddim', 1],
    ['euler', 0],
    ['euler_a', 0],
    ['dpmpp_2m', 0],
    ['dpmpp_2m_sde_karras', 0],
    ['dpmpp_3m', 0],
    ['dpmpp_3m_sde', 0],
    ['deis', 0],
    ['lms', 0],
    ['pndm', 0],
    ['tcd', 0.5],
    ['unipc', 0],
    ['lcm', 0],
  ];

  it.each(cases)('with %s, eta %d', async (scheduler, eta) => {
    const asked = work({ scheduler, eta });
    const calm = await draw(asked);
    const drawing = await drawWithDeath(asked, ({ step }) => step === 4);
    expect(drawing.pictures).toEqual(calm.pictures);
    expect(drawing.meanBatch).toBe(1);
  });

  it.each([
    ['heun', null],
    ['dpm2_a', 'sgm_uniform'],
    ['dpmpp_2s_a', null],
    ['dpmpp_sde', null],
    ['dpmpp_sde', 'karras'],
  ] as const)('between the two evaluations of a step of %s, over the levels of %s', async (scheduler, schedule) => {
    const asked = work({ scheduler, schedule });
    const calm = await draw(asked);
    const halfway: DrawingState[] = [];
    const drawing = await drawWithDeath(asked, (state) => {
      const isHalfway = state.pictures.every((picture) => 'state' in picture && picture.state.evaluation === 5);
      if (isHalfway) halfway.push(state);
      return isHalfway;
    });
    // The third step has begun, and what it has of its end is kept.
    expect(halfway[0]).toMatchObject({ step: 2, pictures: [{ state: { memory: { midway: expect.anything() } } }] });
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  it.each([1, 3])('with a control that acts in a region, at every step of %i', async (every) => {
    const controlNet = models.controlNet('canny');
    const control = {
      type: 'canny',
      model: { id: controlNet.id, hash: controlNet.hash },
      source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
      scale: 1,
      start: 0,
      end: 1,
      every,
      mode: 'balanced',
      resize: 'crop',
    } as const;
    const map = await smallMap();
    const plan = {
      width: map.width,
      height: map.height,
      steps: 6,
      scheduler: 'euler_a',
      controls: [control],
    } as const;
    const { width, height } = map;
    const levels = new Uint8Array(width * height).fill(255, 0, (width * height) / 3);
    const region = { width, height, levels };
    const acting = (where: Region | null) => ({
      ...work(plan),
      passes: [
        {
          base: models.base,
          loras: [],
          autoencoder: { vae: null, taesd: null },
          controls: [
            {
              index: 0,
              plan: control,
              model: controlNet,
              acts: 'residuals' as const,
              inputs: { map, region: where, remarks: [] },
            },
          ],
        },
      ],
    });
    const asked = acting(region);
    const calm = await draw(asked);
    expect((await draw(acting(null))).pictures).not.toEqual(calm.pictures);
    // Where the control gives again what it gave before, it is kept as it was then.
    const steps: number[] = [];
    const drawing = await drawWithDeath(asked, ({ step }) => {
      steps.push(step);
      return steps.length === 5;
    });
    expect(steps).toEqual(every === 1 ? [1, 2, 3, 4, 5] : [0, 0, 3, 3, 3]);
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  it.each(['hard', 'soft'] as const)('with a part of a picture that is drawn anew, %s', async (mode) => {
    const image = await smallMap();
    const { width, height } = image;
    const levels = Uint8Array.from({ length: width * height }, (_, i) => Math.min(255, i % width));
    const repaint = { mask: { width, height, levels }, mode, fill: 'latent_noise' } as const;
    const init = { image: { key: '', sha256: '' }, resize: 'crop', strength: 0.8 } as const;
    const asked = { ...work({ width, height, init, scheduler: 'euler_a', steps: 8 }), over: { image, repaint } };
    const calm = await draw(asked);
    expect((await draw({ ...asked, over: { image, repaint: null } })).pictures).not.toEqual(calm.pictures);
    const drawing = await drawWithDeath(asked, ({ step }) => step === 3);
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  it('over a picture, varied towards another seed', async () => {
    const over = await smallMap();
    const init = { image: { key: '', sha256: '' }, resize: 'crop', strength: 0.6 } as const;
    const { width, height } = over;
    const asked = {
      ...work({ width, height, init, variation: { seed: 9, strength: 0.3 }, scheduler: 'euler_a', steps: 8 }),
      over: { image: over, repaint: null },
    };
    const calm = await draw(asked);
    const drawing = await drawWithDeath(asked, ({ step }) => step === 2);
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  const hires = (upscaler: string, change: Partial<PlannedHires> = {}): PlannedHires => ({
    model: models.base,
    width: 96,
    height: 80,
    enlarged: { width: 104, height: 80 },
    upscaler: { id: upscaler, model: null },
    steps: 5,
    strength: 0.6,
    scheduler: 'euler_a',
    schedule: null,
    sChurn: 0,
    eta: null,
    run: { steps: 5, evaluations: 5 },
    prompt: null,
    negativePrompt: null,
    ...change,
  });

  it.each([
    ['first', 'latent_bilinear', 3],
    ['second', 'latent_bilinear', 11],
    ['first', 'lanczos', 3],
    ['second', 'lanczos', 11],
  ] as const)('in the %s of two passes, with %s between them', async (_name, upscaler, at) => {
    const asked = work({ scheduler: 'euler_a', count: 2, hires: hires(upscaler) });
    const calm = await draw(asked);
    expect(calm.pictures[0]!.image).toMatchObject({ width: 96, height: 80 });
    const drawing = await drawWithDeath(asked, ({ step }) => step === at);
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  it.each([
    ['before', 3],
    ['after', 6],
  ] as const)('%s another model has taken over, which draws what one would where it is the same', async (_name, at) => {
    const alone = await draw(work({ scheduler: 'euler_a', count: 2 }));
    const refiner = { model: models.base, switchAt: 0.5, below: 500, runs: { low: { steps: 4, evaluations: 4 } } };
    const asked = work({ scheduler: 'euler_a', count: 2, run: { steps: 4, evaluations: 4 }, refiner });
    const calm = await draw(asked);
    expect(calm.pictures).toEqual(alone.pictures);
    const drawing = await drawWithDeath(asked, ({ step }) => step === at);
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  it.each([
    ['in a second pass', 2],
    ['after a refiner has taken that over', 3],
  ] as const)('with deep layers that are kept beside a LoRA, %s', async (_name, at) => {
    cpSync(smallModelPath('models', 'sd15-tiny'), join(folder, 'sd15-tiny'), { recursive: true });
    const file = 'names-kohya.safetensors';
    cpSync(smallModelPath('adapters', 'lora', file), join(folder, 'loras', file));
    const library = await openLibrary([folder], { conditions: [] });
    const base = await library.find(findBase, 'sd15-tiny');
    const lora = { model: await library.find(findLora, 'names-kohya'), applied: 'branches' } as const;
    const run = { steps: 4, evaluations: 4 };
    const refiner = { model: base, switchAt: 0.5, below: 500, runs: { low: run, high: run } };
    const second = hires('latent_bilinear', { model: base, steps: 8, strength: 1, run });
    const cached = { every: 3, depth: 1, shares: { 'sd15-tiny': 0.5 } };
    const asked = (deepCache: typeof cached | undefined, scale: number): PassesWork => {
      const plan = planFor(base, { steps: 8, scheduler: 'euler_a', run, refiner, hires: second, deepCache });
      const loras = [{ ...lora, scale, textEncoderScale: 0 }];
      const autoencoder = { vae: null, taesd: null };
      // What fits a base model fits no refiner.
      const passes = passesOf(plan).map(({ refines }) => ({
        base,
        controls: [],
        loras: refines ? [] : loras,
        autoencoder,
      }));
      return { plan, passes, preview: null, over: null, attempt: { job: 'job', attempt: 1 } };
    };
    const calm = await draw(asked(cached, 1));
    expect((await draw(asked(undefined, 1))).pictures).not.toEqual(calm.pictures);
    expect((await draw(asked(cached, 0))).pictures).not.toEqual(calm.pictures);
    const steps: number[] = [];
    const drawing = await drawWithDeath(asked(cached, 1), ({ step, pictures: [picture] }) => {
      if (picture?.pass === at && 'state' in picture) steps.push(step);
      return steps.length === 2;
    });
    // At both it goes on with what its first step, a whole one, left.
    expect(steps).toEqual([4 * at, 4 * at]);
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  it('with several pictures, of which some are ready', async () => {
    const asked = work({ count: 8, steps: 3 });
    const calm = await draw(asked);
    const drawing = await drawWithDeath(asked, ({ pictures }) => pictures.some((picture) => 'left' in picture));
    expect(drawing.pictures).toEqual(calm.pictures);
  });

  it('with what was remarked before the death', async () => {
    const asked = work({ prompt: 'ball '.repeat(100), promptSyntax: 'plain', count: 3, steps: 2 });
    const calm = await draw(asked);
    expect(calm.warnings).toEqual([expect.stringMatching(/^prompt is longer/)]);
    const drawing = await drawWithDeath(asked, ({ step }) => step === 1);
    expect(drawing.warnings).toEqual(calm.warnings);
  });
});

describe('a cancelled drawing', () => {
  it('leaves a checkpoint where checkpoints are asked for', async () => {
    const controller = new AbortController();
    const asked = work({ steps: 100 });
    const states: DrawingState[] = [];
    const port = keptInMemory(asked, null, (state) => states.push(state));
    const checkpoints = { ...port, everyMs: 3_600_000 };
    const drawing = drawPasses({ device, extractor, previews: shownNowhere, checkpoints }, asked, {
      signal: controller.signal,
      onProgress: ({ step }) => step === 3 && controller.abort(),
    });
    await expect(drawing).rejects.toMatchObject({ code: 'cancelled' });
    expect(states).toHaveLength(1);
    expect(states[0]!.step).toBeGreaterThanOrEqual(3);
    expect(states[0]!.pictures).toMatchObject([{ pass: 0, state: { evaluation: states[0]!.step } }]);
  });
});
