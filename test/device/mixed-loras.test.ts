import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DeviceProcess } from '../../src/device/device-process.ts';
import type { LoraWork } from '../../src/device/protocol.ts';
import { keptNowhere } from '../../src/drawing/checkpoint-port.ts';
import { shownNowhere } from '../../src/drawing/preview-port.ts';
import { type DrawnPasses, drawPasses } from '../../src/drawing/draw-passes.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import { type BaseModel, findBase } from '../../src/generation/models/base.ts';
import { findLora } from '../../src/generation/models/lora.ts';
import { passesOf } from '../../src/generation/passes.ts';
import { type ModelLibrary, openLibrary } from '../../src/models/library.ts';
import { modelsFolder } from '../support/diorama.ts';
import { planFor } from '../support/draw-request.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';

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
const folder = mkdtempSync(join(tmpdir(), 'armature-mixed-loras-'));
let library: ModelLibrary;
let base: BaseModel;
beforeAll(async () => {
  cpSync(smallModelPath('models', 'sd15-tiny'), join(folder, 'sd15-tiny'), { recursive: true });
  for (const [group, name] of [
    ['adapters/lora', 'names-kohya'],
    ['formats', 'lora-kohya'],
    ['formats', 'lora-diffusers-old'],
    ['formats', 'lora-peft'],
  ] as const) {
    cpSync(smallModelPath(...group.split('/'), `${name}.safetensors`), join(folder, 'loras', `${name}.safetensors`));
  }
  library = await openLibrary([folder], { conditions: [] });
  base = await library.find(findBase, 'sd15-tiny');
});
afterAll(async () => {
  await Promise.all([device.close(), extractor.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const asked: readonly (readonly (readonly [id: string, scale: number])[])[] = [
  [['names-kohya', 0.8]],
  [['lora-kohya', 0.6]],
  [
    ['lora-diffusers-old', 1],
    ['names-kohya', -0.4],
  ],
  [['lora-peft', 0.5]],
  [],
];

async function draw(named: (typeof asked)[number], job: string, applied: LoraWork['applied']): Promise<DrawnPasses> {
  const loras = await Promise.all(
    named.map(async ([id, scale]) => ({
      model: await library.find(findLora, id),
      scale,
      textEncoderScale: scale,
      applied,
    })),
  );
  const plan = planFor(base, { steps: 20, seed: 5, scheduler: 'euler' });
  const pass = { base, controls: [], loras, autoencoder: { vae: null, taesd: null } };
  const passes = passesOf(plan).map(() => pass);
  const work = { plan, passes, preview: null, over: null, attempt: { job, attempt: 1 } };
  const { signal } = new AbortController();
  return await drawPasses({ device, extractor, previews: shownNowhere, checkpoints: keptNowhere }, work, {
    signal,
    onProgress: () => {},
  });
}

it('requests with different LoRAs, and one without, share steps, and each draws what it draws alone, and merged', async () => {
  const alone: DrawnPasses[] = [];
  const merged: DrawnPasses[] = [];
  for (const [index, loras] of asked.entries()) {
    alone.push(await draw(loras, `alone ${index}`, 'branches'));
    merged.push(await draw(loras, `merged ${index}`, 'merged'));
  }
  const together = await Promise.all(asked.map(async (loras, index) => await draw(loras, `both ${index}`, 'branches')));
  for (const [index, { pictures }] of together.entries()) {
    const { data } = pictures[0]!.image;
    expect(maxAbsDifference(data, alone[index]!.pictures[0]!.image.data), `alone ${index}`).toBeLessThanOrEqual(1);
    expect(maxAbsDifference(data, merged[index]!.pictures[0]!.image.data), `merged ${index}`).toBeLessThanOrEqual(1);
  }
  const steps = together.reduce((sum, { meanBatch }) => sum + meanBatch, 0) / together.length;
  expect(steps).toBeGreaterThanOrEqual(2.5);
  // The one without LoRAs is the base model's picture, bit for bit, where it is alone.
  expect(alone[4]!.pictures[0]!.image.data).toEqual(merged[4]!.pictures[0]!.image.data);
  const distinct = new Set(together.map(({ pictures }) => pictures[0]!.image.data.join()));
  expect(distinct.size).toBe(asked.length);
});
