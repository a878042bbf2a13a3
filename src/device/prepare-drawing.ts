import type { PlannedPass } from '../generation/passes.ts';
import { structureOf } from '../pipeline/conditioning/conditioning.ts';
import { isGuidedAt } from '../generation/guided-steps.ts';
import { type Role, rolesOf, type TextRole } from '../generation/row-roles.ts';
import { groupsOf, prepareControls } from '../pipeline/controls/kinds.ts';
import type { SampleControl } from '../pipeline/controls/sample-control.ts';
import type { Guidance } from '../pipeline/guidance.ts';
import type { LatentDecoder } from '../pipeline/networks/networks.ts';
import { type Pass, torchNoise } from '../pipeline/pass.ts';
import { type RowQuestion, rowOf } from '../pipeline/row.ts';
import { resumeSample, type Sample, startSample } from '../pipeline/sample.ts';
import { askedOptions } from '../schedulers/asked-options.ts';
import { createScheduler } from '../schedulers/create-scheduler.ts';
import { trainedLevels } from '../schedulers/sigmas.ts';
import { encodePrompt } from './encode-prompt.ts';
import { encodeStart } from './encode-start.ts';
import type { LatentView } from './latent-view.ts';
import type { ModelNetworks, OpenBase } from './model-networks.ts';
import type { DrawRequest } from './protocol.ts';
import { takeOver } from './take-over.ts';
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
    words,
    autoencoder: coders,
    preview,
    over: start,
    pictures,
  }: DrawRequest,
  networks: ModelNetworks,
  texts: TextCache,
): AsyncGenerator<void, PreparedDrawing> {
  const base = await networks.openBase(model, loras, words, planned.tiling, planned.tokenMerging);
  const autoencoder = await networks.openAutoencoder(base, coders, planned.tiling);
  const view = preview === null ? null : await networks.openView(autoencoder, preview, planned.tiling);
  const guidance: Guidance = {
    scale: planned.guidanceScale,
    rescale: planned.guidanceRescale,
    picture: planned.imageGuidanceScale ?? null,
    isInput: planned.embedsGuidance,
    actsAt: planned.guidanceWindow === undefined ? undefined : (step) => isGuidedAt(planned, step),
  };
  const warnings: string[] = [];
  let pieces = 0;
  const questions: RowQuestion[] = [];
  // The prompt first: what is cut of it is said before what is cut of the negative prompt.
  const roles = rolesOf(guidance, planned.prompts);
  for (const role of new Set(roles.map(textRoleOf).toReversed())) {
    const encoding = encodePrompt(role, planned, base.encoders, texts);
    let piece = await encoding.next();
    for (; piece.done !== true; piece = await encoding.next()) if (pieces++ > 0) yield;
    questions.unshift(...asked(piece.value.questions, roles));
    warnings.push(...piece.value.warnings);
  }
  const controls: SampleControl[] = [];
  for (const together of groupsOf(works)) {
    if (pieces++ > 0) yield;
    controls.push(await prepareControls(together, networks.steeringOn(model, planned.tiling), base.networks));
  }
  if ((start !== null || base.networks.task === 'inpainting') && pieces++ > 0) yield;
  const { over, shown } = yield* encodeStart(start, planned, base.networks, autoencoder.encoder);
  if (over?.repaint?.mask.every((weight) => weight === 0) === true) {
    warnings.push('mask_image: what it says is too small to fill a cell of the latents, so nothing was drawn anew.');
  }
  const rows = questions.map((question) => rowOf(question, controls));
  const pass: Pass = {
    ...passOver(base, planned),
    over,
    shown,
    guidance,
    rows,
    structure: structureOf(rows),
    deepCache: planned.deepCache,
  };
  const samples: Sample[] = [];
  for (const { resume, from, ...seeds } of pictures) {
    if (resume !== null) {
      samples.push(resumeSample(pass, seeds, resume));
      continue;
    }
    if (from !== null && 'image' in from && pieces++ > 0) yield;
    const taken =
      from === null || planned.takes === null
        ? null
        : await takeOver(
            from,
            { takes: planned.takes, tiling: planned.tiling },
            { latentScale: base.networks.latentScale, encoder: autoencoder.encoder },
            pass.shape,
          );
    samples.push(startSample(pass, seeds, taken));
  }
  return { samples, decoder: autoencoder.decoder, view, warnings };
}

/** What is said in a row of this role: what a picture is edited from is said by the negative prompt too. */
function textRoleOf(role: Role): TextRole {
  return role === 'prompt' ? 'prompt' : 'negative';
}

/** Questions of the negative prompt once for each role that asks it. */
function asked(questions: readonly RowQuestion[], roles: readonly Role[]): readonly RowQuestion[] {
  const others = roles.filter((role) => role !== 'prompt');
  return questions.flatMap((question) =>
    question.role === 'prompt' ? [question] : others.map((role) => ({ ...question, role })),
  );
}

/** The latents of a pass and how they are sampled. */
function passOver(
  { key, networks: { latentChannels, latentScale }, branches, schedule: { schedule, samplerDefaults } }: OpenBase,
  { width, height, scheduler, part: { steps, ...cut }, sdeNoise, ...asked }: PlannedPass,
): Pick<Pass, 'base' | 'branches' | 'shape' | 'scheduler' | 'noiseFrom'> {
  const shape = [latentChannels, height / latentScale, width / latentScale] as const;
  return {
    base: key,
    branches,
    shape,
    scheduler: createScheduler(scheduler, schedule, steps, { ...samplerDefaults, ...askedOptions(asked) }, cut),
    noiseFrom: torchNoise(shape, sdeNoise === 'path' ? trainedLevels(schedule) : null),
  };
}
