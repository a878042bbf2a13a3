import { shownNowhere } from '../../src/drawing/preview-port.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DeviceProcess } from '../../src/device/device-process.ts';
import { keptNowhere } from '../../src/drawing/checkpoint-port.ts';
import { type DrawnPasses, drawPasses } from '../../src/drawing/draw-passes.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import { passesOf } from '../../src/generation/passes.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { type DioramaModels, dioramaModels, modelsFolder } from '../support/diorama.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { planFor } from '../support/draw-request.ts';

const device = new DeviceProcess({
  settings: {
    provider: 'cpu',
    deviceId: 0,
    threads: 1,
    memoryBudget: 2 ** 31,
    maxRows: 16,
    tokenizerFolder: `${modelsFolder}/clip-tokenizer`,
  },
  entry: new URL('../../dist/device/main.js', import.meta.url),
});
const extractor = new ExtractorProcess({ entry: new URL('../../dist/extractor/main.js', import.meta.url) });
let models: DioramaModels;
beforeAll(async () => {
  models = await dioramaModels();
});
afterAll(async () => await Promise.all([device.close(), extractor.close()]));

/** Two evaluations a step, steps that are not all asked for, noise of every kind, levels of every kind. */
const asked: readonly Partial<GenerationPlan>[] = [
  { scheduler: 'heun' },
  { scheduler: 'dpmpp_sde', schedule: 'karras' },
  { scheduler: 'dpmpp_2m_sde', schedule: 'beta' },
  { scheduler: 'euler', schedule: 'ddim_uniform', sChurn: 2 },
  { scheduler: 'euler_karras' },
  { scheduler: 'dpm2_a', schedule: 'sgm_uniform' },
  { scheduler: 'lcm' },
  { scheduler: 'ddim', eta: 1 },
];

async function draw(change: Partial<GenerationPlan>, job: string): Promise<DrawnPasses> {
  const plan = planFor(models.base, { steps: 9, seed: 5, ...change });
  const pass = { base: models.base, controls: [], loras: [], autoencoder: { vae: null, taesd: null } };
  const work = {
    plan,
    passes: passesOf(plan).map(() => pass),
    preview: null,
    over: null,
    attempt: { job, attempt: 1 },
  };
  const { signal } = new AbortController();
  return await drawPasses({ device, extractor, previews: shownNowhere, checkpoints: keptNowhere }, work, {
    signal,
    onProgress: () => {},
  });
}

it('requests of different samplers and schedules share steps, and each draws what it draws alone', async () => {
  const alone: DrawnPasses[] = [];
  for (const [index, change] of asked.entries()) alone.push(await draw(change, `alone ${index}`));
  const together = await Promise.all(asked.map(async (change, index) => await draw(change, `together ${index}`)));
  for (const [index, { pictures }] of together.entries()) {
    const [picture, before] = [pictures[0]!.image, alone[index]!.pictures[0]!.image];
    expect(maxAbsDifference(picture.data, before.data), JSON.stringify(asked[index])).toBeLessThanOrEqual(1);
    expect(alone[index]!.meanBatch).toBe(1);
  }
  const mean = together.reduce((sum, { meanBatch }) => sum + (meanBatch ?? 0), 0) / together.length;
  expect(mean).toBeGreaterThanOrEqual(2.5);
  // They are eight pictures, not one.
  const distinct = new Set(together.map(({ pictures }) => pictures[0]!.image.data.join()));
  expect(distinct.size).toBe(asked.length);
});
