import type { PlannedPass } from '../generation/passes.ts';
import { structureOf } from '../pipeline/conditioning/conditioning.ts';
import { prepareControl } from '../pipeline/controls/kinds.ts';
import type { SampleControl } from '../pipeline/controls/sample-control.ts';
import type { DrawnOver } from '../pipeline/drawn-over.ts';
import type { LatentDecoder, PictureEncoder } from '../pipeline/networks/networks.ts';
import { tensorFrom } from '../pipeline/pixels.ts';
import { latentMask } from '../pixels/latent-mask.ts';
import { rolesOf } from '../pipeline/guidance.ts';
import { type Pass, torchNoise } from '../pipeline/pass.ts';
import { type RowQuestion, rowOf } from '../pipeline/row.ts';
import { resumeSample, type Sample, startSample } from '../pipeline/sample.ts';
import { askedOptions } from '../schedulers/asked-options.ts';
import { createScheduler } from '../schedulers/registry.ts';
import { trainedLevels } from '../schedulers/sigmas.ts';
import { encodePrompt } from './encode-prompt.ts';
import type { LatentView } from './latent-view.ts';
import type { ModelNetworks, OpenBase } from './model-networks.ts';
import type { DrawRequest, PassStart } from './protocol.ts';
import type { TextCache } from './text-cache.ts';

export interface PreparedDrawing {
  readonly samples: readonly Sample[];
  readonly decoder: LatentDecoder;
  /** Null where no previews were asked for. */
  readonly view: LatentView | null;
  readonly warnings: readonly string[];
}

/**
 * Everything that is done once a pass: prompts to conditionings, maps to hints, seeds to initial latents. Each picture gets a
 * generator of its own, so that it does not matter what it is drawn beside. Yields between two pieces of work that a network
 * does, so that others can go first.
 */
export async function* prepareDrawing(
  {
    pass: planned,
    base: model,
    controls: works,
    loras,
    autoencoder: coders,
    preview,
    over: start,
    pictures,
  }: DrawRequest,
  networks: ModelNetworks,
  texts: TextCache,
): AsyncGenerator<void, PreparedDrawing> {
  const base = await networks.openBase(model, loras);
  const autoencoder = await networks.openAutoencoder(base, coders);
  const view = preview === null ? null : await networks.openView(autoencoder, preview);
  const guidance = { scale: planned.guidanceScale, rescale: planned.guidanceRescale };
  const warnings: string[] = [];
  let pieces = 0;
  const questions: RowQuestion[] = [];
  // The prompt first: what is cut of it is said before what is cut of the negative prompt.
  for (const role of new Set(rolesOf(guidance, planned.prompts).toReversed())) {
    const encoding = encodePrompt(role, planned, base.encoders, texts);
    let piece = await encoding.next();
    for (; piece.done !== true; piece = await encoding.next()) if (pieces++ > 0) yield;
    questions.unshift(...piece.value.questions);
    warnings.push(...piece.value.warnings);
  }
  const controls: SampleControl[] = [];
  for (const work of works) {
    if (pieces++ > 0) yield;
    controls.push(await prepareControl(work, networks, base.networks));
  }
  if (start !== null && pieces++ > 0) yield;
  const over = start === null ? null : await encodeStart(start, autoencoder.encoder);
  if (over?.repaint?.mask.every((weight) => weight === 0) === true) {
    warnings.push('mask_image: what it says is too small to fill a cell of the latents, so nothing was drawn anew.');
  }
  const rows = questions.map((question) => rowOf(question, controls));
  const pass: Pass = { ...passOver(base, planned), over, guidance, rows, structure: structureOf(rows) };
  const samples = pictures.map(({ resume, ...seeds }) =>
    resume === null ? startSample(pass, seeds) : resumeSample(pass, seeds, resume),
  );
  return { samples, decoder: autoencoder.decoder, view, warnings };
}

/** A picture as the pass draws over it. */
async function encodeStart({ image, repaint }: PassStart, encoder: PictureEncoder): Promise<DrawnOver> {
  const { mean, logvar } = await encoder.encode(tensorFrom(image));
  const [, , height = 0, width = 0] = mean.dims;
  return {
    mean: mean.data,
    logvar: logvar.data,
    scalingFactor: encoder.scalingFactor,
    repaint:
      repaint === null
        ? null
        : {
            ...repaint,
            mask: latentMask(repaint.mask, { width, height }, repaint.mode === 'hard' ? 'rounded' : 'grey'),
          },
  };
}

/** The latents of a pass and how they are sampled. */
function passOver(
  { key, networks: { latentChannels, latentScale }, schedule: { schedule, samplerDefaults } }: OpenBase,
  { width, height, scheduler, part: { steps, ...cut }, sdeNoise, ...asked }: PlannedPass,
): Pick<Pass, 'base' | 'shape' | 'scheduler' | 'noiseFrom'> {
  const shape = [latentChannels, height / latentScale, width / latentScale] as const;
  return {
    base: key,
    shape,
    scheduler: createScheduler(scheduler, schedule, steps, { ...samplerDefaults, ...askedOptions(asked) }, cut),
    noiseFrom: torchNoise(shape, sdeNoise === 'path' ? trainedLevels(schedule) : null),
  };
}
