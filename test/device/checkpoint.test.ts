import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceProcess } from '../../src/device/device-process.ts';
import type { DeviceSettings, Drawing, DrawingState, DrawRequest } from '../../src/device/protocol.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/worker/checkpoint-file.ts';
import { type DioramaModels, dioramaModels, modelsFolder, readPicture } from '../support/diorama.ts';
import type { SchedulerId } from '../../src/schedulers/registry.ts';

const settings: DeviceSettings = {
  provider: 'cpu',
  deviceId: 0,
  threads: 2,
  memoryBudget: 2 ** 31,
  maxRows: 2,
  tokenizerFolder: `${modelsFolder}/clip-tokenizer`,
};

const device = new DeviceProcess({ settings, entry: new URL('../../dist/device/main.js', import.meta.url) });
let models: DioramaModels;
beforeAll(async () => {
  models = await dioramaModels();
});
afterAll(async () => await device.close());

function request(change: Partial<GenerationPlan>): DrawRequest & { readonly plan: GenerationPlan } {
  const { base } = models;
  const plan: GenerationPlan = {
    kind: 'generation',
    model: { id: base.id, hash: base.hash },
    prompt: 'a red ball',
    negativePrompt: '',
    width: 64,
    height: 64,
    steps: 8,
    guidanceScale: 4,
    guidanceRescale: 0,
    scheduler: 'ddim',
    eta: 0,
    seed: 1,
    count: 1,
    clipSkip: 0,
    controls: [],
    strict: false,
    evaluate: false,
    bestOf: 1,
    output: { format: 'png', quality: 100, metadata: true },
    ...change,
  };
  return { job: 'job', attempt: 1, plan, base, controls: [] };
}

/** Draws until a checkpoint that `wanted` says is the one, kills the process in mid-job, and goes on in a new one. */
async function drawWithDeath(
  asked: DrawRequest & { readonly plan: GenerationPlan },
  wanted: (state: DrawingState) => boolean,
): Promise<Drawing> {
  let stored: Uint8Array | null = null;
  const onCheckpoint = (state: DrawingState): void => {
    if (stored !== null || !wanted(state)) return;
    stored = encodeCheckpoint(state, asked.plan);
    process.kill(device.pid ?? 0, 'SIGKILL');
  };
  const killed = device.draw({ ...asked, checkpointEveryMs: 0 }, { onCheckpoint });
  await expect(killed).rejects.toMatchObject({ code: 'device_lost' });
  const resume = decodeCheckpoint(stored!, asked.plan);
  const steps: number[] = [];
  const drawing = await device.draw({ ...asked, attempt: 2, resume }, { onProgress: ({ step }) => steps.push(step) });
  // It went on from there and did not begin anew.
  expect(Math.min(...steps, asked.plan.steps)).toBeGreaterThan(Math.min(...resume.samples.map(({ step }) => step)) - 1);
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
    ['unipc', 0],
    ['lcm', 0],
  ];

  it.each(cases)('with %s, eta %d', async (scheduler, eta) => {
    const asked = request({ scheduler, eta });
    const calm = await device.draw(asked);
    const drawing = await drawWithDeath(asked, ({ samples }) => samples[0]!.step === 4);
    expect(drawing.images).toEqual(calm.images);
    expect(drawing.meanBatch).toBe(1);
  });

  it('with a control that acts in a region', async () => {
    const controlNet = models.controlNet('canny');
    const control = {
      type: 'canny',
      model: { id: controlNet.id, hash: controlNet.hash },
      source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
      scale: 1,
      start: 0,
      end: 1,
      mode: 'balanced',
      resize: 'crop',
    } as const;
    const map = await readPicture('scenes', '04_canny.png');
    const plan = {
      width: map.width,
      height: map.height,
      steps: 4,
      scheduler: 'euler_a',
      controls: [control],
    } as const;
    const region = new Uint8Array(map.width * map.height).fill(255, 0, (map.width * map.height) / 3);
    const acting = (where: Uint8Array | null) => ({
      ...request(plan),
      controls: [{ index: 0, plan: control, model: controlNet, inputs: { map, region: where, remarks: [] } }],
    });
    const asked = acting(region);
    const calm = await device.draw(asked);
    expect((await device.draw(acting(null))).images).not.toEqual(calm.images);
    const drawing = await drawWithDeath(asked, ({ samples }) => samples[0]!.step === 2);
    expect(drawing.images).toEqual(calm.images);
  });

  it('with several pictures, of which some are ready', async () => {
    const asked = request({ count: 3, steps: 3 });
    const calm = await device.draw(asked);
    const drawing = await drawWithDeath(asked, ({ images }) => images.some((image) => image !== null));
    expect(drawing.images).toEqual(calm.images);
  });
});

describe('a cancelled drawing', () => {
  it('leaves a checkpoint where checkpoints are asked for', async () => {
    const controller = new AbortController();
    const states: DrawingState[] = [];
    const drawing = device.draw(
      { ...request({ steps: 100 }), checkpointEveryMs: 3_600_000 },
      {
        signal: controller.signal,
        onProgress: ({ step }) => step === 3 && controller.abort(),
        onCheckpoint: (state) => states.push(state),
      },
    );
    await expect(drawing).rejects.toMatchObject({ code: 'cancelled' });
    expect(states).toHaveLength(1);
    expect(states[0]!.samples[0]!.step).toBeGreaterThanOrEqual(3);
  });
});
