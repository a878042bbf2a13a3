import { afterAll, expect, it } from 'vitest';
import { ModelNetworks } from '../../src/device/model-networks.ts';
import { prepareDrawing } from '../../src/device/prepare-drawing.ts';
import { TextCache } from '../../src/device/text-cache.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { dioramaModels, modelsFolder } from '../support/diorama.ts';
import { firstPass, planFor, preparedAtOnce } from '../support/draw-request.ts';

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
afterAll(async () => await pool.release());

const { base } = await dioramaModels();
const networks = new ModelNetworks(pool, `${modelsFolder}/clip-tokenizer`);

it.each([
  [{ prompt: 'a cube' }, ['negative 1', 'prompt 1']],
  [{ prompt: 'a cube', guidanceScale: 1 }, ['prompt 1']],
  [{ prompt: 'a cube AND a ball :0.5' }, ['negative 1', 'prompt 1', 'prompt 0.5']],
  // They are composed by what each has more than the negative prompt, guided or not.
  [{ prompt: 'a cube AND a ball :0.5', guidanceScale: 1 }, ['negative 1', 'prompt 1', 'prompt 0.5']],
  [{ prompt: 'a cube AND a ball :0.5', promptSyntax: 'plain' as const }, ['negative 1', 'prompt 1']],
])('%j is asked in rows', async (change, rows) => {
  const request = firstPass(planFor(base, change), base);
  const { samples } = await preparedAtOnce(prepareDrawing(request, networks, new TextCache()));
  expect(samples[0]?.pass.rows.map(({ role, weight }) => `${role} ${weight}`)).toEqual(rows);
});
