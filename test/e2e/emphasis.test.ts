import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { conditionIds } from '../../src/conditions/registry.ts';
import { ModelNetworks } from '../../src/device/model-networks.ts';
import { prepareDrawing } from '../../src/device/prepare-drawing.ts';
import { TextCache } from '../../src/device/text-cache.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { openLibrary } from '../../src/models/library.ts';
import { throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../src/pipeline/denoise-loop.ts';
import { pictureFrom } from '../../src/pipeline/pixels.ts';
import { startSample } from '../../src/pipeline/sample.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { firstPass, planFor, preparedAtOnce } from '../support/draw-request.ts';
import { floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { Service } from '../support/service.ts';
import { findBase } from '../../src/generation/models/base.ts';

/** The README beside the reference names the model. */
const model = 'sd15-tiny';
const { cases } = goldenJson<{ cases: readonly { case: number; prompt: string; comma_backtrack: number }[] }>(
  'prompt',
  'chunks.json',
);
const arrays = goldenArrays('prompt', 'embeds.safetensors');
const emphasised = cases.filter((one) => one.comma_backtrack === 20 && arrays.has(`${one.case}/a1111`));

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
let models: string;
let service: Service;
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-emphasis-'));
  await cp(goldenPath('models', model), join(models, model), { recursive: true });
  service = await Service.start({ flags: ['--models', models] });
});
afterAll(async () => {
  await service.stop('SIGKILL');
  await pool.release();
  await rm(models, { recursive: true, force: true });
});

/** The picture of what the reference says that the prompt means, [tokens, width]. */
async function drawnFrom(embedding: Float32Array, width: number): Promise<RgbImage> {
  const library = await openLibrary([models], { conditions: conditionIds });
  const base = await library.find(findBase, model);
  const networks = new ModelNetworks(pool, join(models, model, 'tokenizer'));
  const plan = planFor(base, { prompt: '', steps: 4, scheduler: 'ddim', seed: 5, width: 64, height: 64 });
  const { samples } = await preparedAtOnce(prepareDrawing(firstPass(plan, base), networks, new TextCache()));
  const { pass } = samples[0]!;
  const context = { dims: [embedding.length / width, width], data: embedding };
  const rows = pass.rows.map((row) =>
    row.role === 'prompt' ? { ...row, conditionings: throughout({ context }) } : row,
  );
  const sample = startSample({ ...pass, rows }, { seed: 5 });
  const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 4, workingMemory: 2 ** 30 });
  loop.join([sample]);
  while (loop.size > 0) await loop.tick();
  const network = networks.base(pass.base);
  const data = sample.state.latents.map((value) => value / network.scalingFactor);
  return pictureFrom(await network.decode({ dims: [1, ...pass.shape], data }));
}

it.each(emphasised)('the prompt of case $case is drawn as the reference means it', async (one) => {
  const request = { prompt: one.prompt, model, seed: 5, steps: 4, width: 64, height: 64, scheduler: 'ddim' };
  const draw = async (syntax: object) =>
    await service.picture(
      await service.draw({ ...request, guidance_scale: 4, output: { metadata: false }, ...syntax }),
    );
  const drawn = await decodePicture(await draw({}));
  const expected = await drawnFrom(floats(arrays, `${one.case}/a1111`), 24);
  expect(maxAbsDifference(drawn.data, expected.data)).toBeLessThanOrEqual(1);
  const plain = await decodePicture(await draw({ prompt_syntax: 'plain' }));
  expect(maxAbsDifference(plain.data, expected.data)).toBeGreaterThan(1);
});
