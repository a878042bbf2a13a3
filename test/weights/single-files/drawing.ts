import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { ModelNetworks } from '../../../src/device/model-networks.ts';
import { prepareDrawing } from '../../../src/device/prepare-drawing.ts';
import { TextCache } from '../../../src/device/text-cache.ts';
import type { PlannedControl } from '../../../src/generation/planned-control.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import type { BaseModel } from '../../../src/generation/models/base.ts';
import type { ControlNetModel } from '../../../src/generation/models/controlnet.ts';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../../src/pipeline/denoise-loop.ts';
import { pictureFrom } from '../../../src/pipeline/pixels.ts';
import { SessionPool } from '../../../src/runtime/index.ts';
import { modelsFolder } from '../../support/diorama.ts';
import { firstPass, planFor, preparedAtOnce } from '../../support/draw-request.ts';
import { referencePath } from './small-models.ts';

/** Draws what make_references.py drew, and compares: within 2 of 255 at 99.9 % of the values, as the embedded model is held to. */
export async function expectDrawn(
  reference: string,
  base: BaseModel,
  control?: { readonly model: ControlNetModel; readonly type: string },
): Promise<void> {
  const drawn = await draw(base, control);
  const expected = await decodePicture(readFileSync(referencePath(reference)));
  expect([drawn.width, drawn.height]).toEqual([expected.width, expected.height]);
  const close = drawn.data.filter((value, place) => Math.abs(value - (expected.data[place] ?? 0)) <= 2).length;
  expect(close / drawn.data.length, reference).toBeGreaterThanOrEqual(0.999);
}

async function draw(base: BaseModel, control?: { readonly model: ControlNetModel; readonly type: string }) {
  const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
  try {
    const networks = new ModelNetworks(pool, `${modelsFolder}/clip-tokenizer`);
    const controls = control === undefined ? [] : [plannedControl(control)];
    const map = await decodePicture(readFileSync(referencePath('hint')));
    const plan = planFor(base, {
      prompt: 'a red cube on a green floor',
      steps: 4,
      guidanceScale: 5,
      seed: 7,
      controls,
    });
    const works = controls.map((planned, index) => ({
      index,
      plan: planned,
      model: control!.model,
      acts: 'residuals' as const,
      inputs: { map, region: null, remarks: [] },
    }));
    const preparing = prepareDrawing(firstPass(plan, base, works), networks, new TextCache());
    const { samples } = await preparedAtOnce(preparing);
    const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 2, workingMemory: 2 ** 30 });
    loop.join(samples);
    while (loop.size > 0) await loop.tick();
    const [sample] = samples;
    if (sample === undefined) throw new Error('Expected a sample');
    const network = networks.base(sample.pass.base);
    const data = sample.state.latents.map((value) => value / network.scalingFactor);
    return pictureFrom(await network.decode({ dims: [1, ...sample.pass.shape], data }));
  } finally {
    await pool.release();
  }
}

function plannedControl({ type, model }: { readonly type: string; readonly model: ControlNetModel }): PlannedControl {
  return {
    type,
    model: { id: model.id, hash: model.hash },
    source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
    resize: 'stretch',
    scale: 1,
    start: 0,
    end: 1,
    mode: 'balanced',
  };
}
