import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelNetworks } from '../../src/device/model-networks.ts';
import { prepareDrawing } from '../../src/device/prepare-drawing.ts';
import type { DrawRequest } from '../../src/device/protocol.ts';
import { TextCache } from '../../src/device/text-cache.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../src/pipeline/denoise-loop.ts';
import { pictureFrom } from '../../src/pipeline/pixels.ts';
import type { Sample } from '../../src/pipeline/sample.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import {
  type DioramaCase,
  dioramaCases,
  type DioramaModels,
  dioramaModels,
  modelsFolder,
  readPicture,
} from '../support/diorama.ts';
import { firstPass, planFor, preparedAtOnce } from '../support/draw-request.ts';
import type { SchedulerId } from '../../src/schedulers/registry.ts';

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
const networks = new ModelNetworks(pool, `${modelsFolder}/clip-tokenizer`);
let models: DioramaModels;
beforeAll(async () => {
  models = await dioramaModels();
});
afterAll(async () => await pool.release());

async function requestFor(one: DioramaCase): Promise<DrawRequest> {
  const reference = ({ id, hash }: { id: string; hash: string }): { id: string; hash: string } => ({ id, hash });
  const plan = planFor(models.base, {
    prompt: one.prompt,
    negativePrompt: one.negative,
    width: one.width,
    height: one.height,
    steps: one.steps,
    guidanceScale: one.guidance,
    scheduler: one.scheduler as SchedulerId,
    seed: one.seed,
    count: one.count,
    controls: one.controls.map(({ type, scale, start, end }) => ({
      type,
      model: reference(models.controlNet(type)),
      source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
      resize: 'stretch',
      scale,
      start,
      end,
      mode: 'balanced',
    })),
  });
  const controls = await Promise.all(
    one.controls.map(async ({ type, map }, index) => ({
      index,
      plan: plan.controls[index]!,
      model: models.controlNet(type),
      acts: 'residuals' as const,
      inputs: { map: await readPicture('scenes', map), region: null, remarks: [] },
    })),
  );
  return firstPass(plan, models.base, controls, one.name);
}

/**
 * The references with several pictures were drawn from one generator, one after the other; the product gives every
 * picture a generator of its own, seeded with seed + i. The later pictures are checked from the references' own noise.
 */
function useReferenceNoise(samples: readonly Sample[], seed: number): void {
  const generator = new TorchGenerator(seed);
  for (const sample of samples) {
    const { shape, scheduler } = sample.pass;
    const latents = generator.randn([1, ...shape]).map((value) => value * scheduler.initialNoiseSigma);
    sample.state = { ...sample.state, latents };
  }
}

describe('pictures that diffusers draws with the embedded model', () => {
  it.each(dioramaCases())('$name: within 2/255 at 99.9 % of the values', async (one) => {
    const { samples } = await preparedAtOnce(prepareDrawing(await requestFor(one), networks, new TextCache()));
    expect(samples[0]?.pass.scheduler.evaluations.map(({ timestep }) => Math.round(timestep))).toEqual(
      one.timesteps.map(Math.round),
    );
    if (one.count > 1) useReferenceNoise(samples, one.seed);
    const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 16, workingMemory: 2 ** 30 });
    loop.join(samples);
    while (loop.size > 0) await loop.tick();
    for (const [index, sample] of samples.entries()) {
      const base = networks.base(sample.pass.base);
      const data = sample.state.latents.map((value) => value / base.scalingFactor);
      const drawn = pictureFrom(await base.decode({ dims: [1, ...sample.pass.shape], data }));
      const reference = await readPicture('golden', one.count > 1 ? `${one.name}-${index}.png` : `${one.name}.png`);
      expect([drawn.width, drawn.height]).toEqual([reference.width, reference.height]);
      const close = drawn.data.reduce(
        (n, value, i) => n + (Math.abs(value - (reference.data[i] ?? 0)) <= 2 ? 1 : 0),
        0,
      );
      expect(close / drawn.data.length).toBeGreaterThanOrEqual(0.999);
    }
  });
});
