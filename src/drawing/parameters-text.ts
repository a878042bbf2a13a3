import type { GenerationPlan, PlannedEmbedding, PlannedLora, Variation } from '../generation/plan.ts';
import type { PlannedExtend } from '../generation/planned-init.ts';

/**
 * What a picture was made with, in the form that the field's tools read from a PNG's `parameters` text: the prompt, the
 * negative prompt, then one line of `key: value` pairs.
 */
export function parametersText(plan: GenerationPlan, seed: number, variation?: Variation): string {
  const pairs: [string, string | number][] = [
    ['Steps', plan.steps],
    ['Sampler', plan.scheduler],
    ...(plan.schedule === null ? [] : ([['Schedule type', plan.schedule]] satisfies [string, string][])),
    ['CFG scale', plan.guidanceScale],
    ...(plan.guidanceWindow === undefined
      ? []
      : ([
          ['CFG start', plan.guidanceWindow.start],
          ['CFG end', plan.guidanceWindow.end],
        ] satisfies [string, number][])),
    ...(plan.tokenMerging === undefined
      ? []
      : ([['Token merging ratio', plan.tokenMerging]] satisfies [string, number][])),
    ...(plan.deepCache === undefined
      ? []
      : ([
          ['DeepCache interval', plan.deepCache.every],
          ['DeepCache branch', plan.deepCache.depth],
        ] satisfies [string, number][])),
    ...(plan.imageGuidanceScale === undefined
      ? []
      : ([['Image CFG scale', plan.imageGuidanceScale]] satisfies [string, number][])),
    ['Seed', seed],
    ['Size', `${plan.width}x${plan.height}`],
    ['Model hash', plan.model.hash],
    ['Model', plan.model.id],
    ...(plan.clipSkip > 0 ? ([['Clip skip', plan.clipSkip + 1]] satisfies [string, number][]) : []),
    ...(plan.init === undefined || plan.imageGuidanceScale !== undefined
      ? []
      : ([['Denoising strength', plan.init.strength]] satisfies [string, number][])),
    ...hiresPairs(plan),
    ...refinerPairs(plan),
    ...(plan.init?.mask === undefined ? [] : ([['Mask blur', plan.init.mask.blur]] satisfies [string, number][])),
    ...extendPairs(plan.init?.mask?.extend),
    ...(variation === undefined
      ? []
      : ([
          ['Variation seed', variation.seed],
          ['Variation seed strength', variation.strength],
        ] satisfies [string, number][])),
    ...(plan.tiling === undefined
      ? []
      : ([['Tiling', plan.tiling === 'both' ? 'True' : plan.tiling]] satisfies [string, string][])),
    // Brackets mean something to those who read this, where it is not said that they are text.
    ...(plan.promptSyntax === 'plain' ? ([['Prompt syntax', 'plain']] satisfies [string, string][]) : []),
    ...(plan.vae === undefined
      ? []
      : ([
          ['VAE hash', plan.vae.hash],
          ['VAE', plan.vae.id],
        ] satisfies [string, string][])),
    ...(plan.taesd === undefined ? [] : ([['VAE Decoder', 'TAESD']] satisfies [string, string][])),
    ...plan.controls.map((control, index): [string, string] => [`ControlNet ${index}`, controlText(control)]),
    ...loraPairs(plan.loras ?? []),
    ...wordPairs(plan.embeddings ?? []),
    ['Version', 'Armature'],
  ];
  const lines = [plan.prompt];
  if (plan.negativePrompt !== '') lines.push(`Negative prompt: ${plan.negativePrompt}`);
  lines.push(pairs.map(([key, value]) => `${key}: ${quoted(String(value))}`).join(', '));
  return lines.join('\n');
}

function controlText({
  type,
  model,
  scale,
  start,
  end,
  every,
  mode,
  resize,
}: GenerationPlan['controls'][number]): string {
  const often = every === undefined ? '' : `, Every: ${every}`;
  return `Module: ${type}, Model: ${model.id}, Weight: ${scale}, Resize Mode: ${resize}, Guidance Start: ${start}, Guidance End: ${end}, Control Mode: ${mode}${often}`;
}

/** Under the names of A1111. */
function refinerPairs({ refiner }: GenerationPlan): readonly [string, string | number][] {
  if (refiner === undefined) return [];
  const { model, switchAt } = refiner;
  return [
    ['Refiner', `${model.id} [${model.hash}]`],
    ['Refiner switch at', switchAt],
  ];
}

/** How far a picture was drawn on beyond its sides, where it was. */
function extendPairs(extend: PlannedExtend | undefined): readonly [string, string][] {
  if (extend === undefined) return [];
  const sides = (['left', 'top', 'right', 'bottom'] as const).filter((side) => extend[side] > 0);
  return [['Extend', sides.map((side) => `${side} ${extend[side]}`).join(' ')]];
}

/** Of a second pass, under the names of A1111, where it has one. */
function hiresPairs({ hires, init, model, scheduler }: GenerationPlan): readonly [string, string | number][] {
  if (hires === undefined) return [];
  return [
    [init === undefined ? 'Denoising strength' : 'Hires denoising strength', hires.strength],
    ['Hires resize', `${hires.width}x${hires.height}`],
    ['Hires steps', hires.steps],
    ['Hires upscaler', hires.upscaler.id],
    ...(hires.scheduler === scheduler ? [] : ([['Hires sampler', hires.scheduler]] satisfies [string, string][])),
    ...(hires.schedule === null ? [] : ([['Hires schedule type', hires.schedule]] satisfies [string, string][])),
    ...(hires.model.id === model.id ? [] : ([['Hires checkpoint', hires.model.id]] satisfies [string, string][])),
    ...(hires.prompt === null ? [] : ([['Hires prompt', hires.prompt]] satisfies [string, string][])),
    ...(hires.negativePrompt === null
      ? []
      : ([['Hires negative prompt', hires.negativePrompt]] satisfies [string, string][])),
  ];
}

/** The hashes under the name that other programs read them by, and how strongly each acted. */
function loraPairs(loras: readonly PlannedLora[]): readonly [string, string][] {
  if (loras.length === 0) return [];
  const hashes = loras.map(({ model }) => `${model.id}: ${model.hash}`).join(', ');
  const texts = loras.map(({ model, scale, textEncoderScale }, index): [string, string] => [
    `LoRA ${index}`,
    `Model: ${model.id}, Weight: ${scale}, Text Encoder Weight: ${textEncoderScale}`,
  ]);
  return [...texts, ['Lora hashes', hashes]];
}

/** Under the name that other programs read them by. */
function wordPairs(words: readonly PlannedEmbedding[]): readonly [string, string][] {
  if (words.length === 0) return [];
  return [['TI hashes', words.map(({ name, model }) => `${name}: ${model.hash}`).join(', ')]];
}

function quoted(value: string): string {
  return /[,:\n]/.test(value) ? JSON.stringify(value) : value;
}
