import type { PreparedDrawing } from '../../src/device/prepare-drawing.ts';
import type { DrawRequest } from '../../src/device/protocol.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import { passesOf } from '../../src/generation/passes.ts';
import { picturesOf } from '../../src/generation/pictures.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';

/** A plan that draws one small picture by a prompt, with what `change` says otherwise. */
export function planFor(
  { id, hash }: Pick<BaseModel, 'id' | 'hash'>,
  change: Partial<GenerationPlan> = {},
): GenerationPlan {
  return {
    kind: 'generation',
    model: { id, hash },
    prompt: 'a red ball',
    negativePrompt: '',
    promptSyntax: 'a1111',
    width: 64,
    height: 64,
    steps: 3,
    guidanceScale: 4,
    guidanceRescale: 0,
    scheduler: 'ddim',
    schedule: null,
    sChurn: 0,
    eta: null,
    run: { steps: change.steps ?? 3, evaluations: change.steps ?? 3 },
    sdeNoise: 'path',
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
}

/** What the device is asked for the first pass of a plan. */
export function firstPass(
  plan: GenerationPlan,
  base: BaseModel,
  controls: DrawRequest['controls'] = [],
  job = 'job',
): DrawRequest {
  const pictures = picturesOf(plan).map(({ seed, variation }) => ({ seed, variation, from: null, resume: null }));
  return {
    job,
    attempt: 1,
    pass: passesOf(plan)[0]!,
    base,
    controls,
    loras: [],
    words: [],
    autoencoder: { vae: null, taesd: null },
    preview: null,
    over: null,
    pictures,
    checkpointEveryMs: null,
  };
}

/** Makes a pass ready with nothing in between. */
export async function preparedAtOnce(preparing: AsyncGenerator<void, PreparedDrawing>): Promise<PreparedDrawing> {
  for (;;) {
    const piece = await preparing.next();
    if (piece.done === true) return piece.value;
  }
}
