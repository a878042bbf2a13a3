import { conditionOf } from '../conditions/registry.ts';
import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import { resolveTrained, resolveTraining, trainedSize } from '../generation/kinds/training/resolve.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { VaeModel } from '../generation/models/vae.ts';
import type { TrainingRequest } from '../generation/request/training.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import type { Size } from '../numeric/size.ts';
import { weightMemory } from '../device/memory.ts';
import type { DeviceSettings } from '../device/protocol.ts';
import type { SessionSettings } from '../runtime/index.ts';
import { chooseProvider } from '../runtime/provider.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';
import { type BaseCheckpoint, openDecidedBase } from '../weights/checkpoint.ts';
import { CheckpointFolder } from './checkpoints.ts';
import { readTrainingSet } from './data/read-set.ts';
import type { SetReport } from './data/set-report.ts';
import { defaultSetLimits } from './data/contract/limits.ts';
import { epochLength, type TrainingSet } from './data/set.ts';
import { EncodedCache } from './encoded-cache.ts';
import { FrozenNetworks } from './frozen-networks.ts';
import { LearntSet, learntShapes } from './learnt-set.ts';
import { methodFor } from './methods/methods.ts';
import { cardOf } from './card.ts';
import { writeAnew } from '../files/atomic-write.ts';
import { join } from 'node:path';
import { type StepDone, train } from './train.ts';
import { viewsOf } from './trained-arrays.ts';
import { TrainingFolder } from './training-folder.ts';

/** What a training is made with. */
export interface TrainingTools {
  readonly base: BaseModel;
  /** Stands in for the base model's own autoencoder where it is drawn with another one. */
  readonly vae: VaeModel | null;
  readonly settings: DeviceSettings;
  /** Bytes of memory that this process may use. */
  readonly usableMemory: number;
  readonly decoder: PictureDecoder;
  /** Makes a map of a picture, of its size, by a condition that has an extractor. */
  readonly extract: (condition: string, picture: MaskedImage) => Promise<MaskedImage>;
  /** Makes the folder of a training where it is not there and keeps others out of it, by a file `trainingLock`. */
  readonly hold: (folder: string) => Promise<{ release(): Promise<void> }>;
  readonly randomSeed: () => number;
  readonly now: () => Date;
}

/** What is told on the way. */
export interface TrainingProgress {
  readonly signal: AbortSignal;
  /** How many pictures were looked at, and then, how many were encoded. */
  readonly onPicture: (stage: 'reading' | 'encoding', done: number, of: number) => void;
  /** What was found, before anything is learnt. */
  readonly onSet: (report: SetReport, plan: TrainingPlan) => void;
  readonly onStep: (done: StepDone, of: number) => void;
}

export interface TrainingPlaces {
  /** The set. */
  readonly data: string;
  /** A folder. */
  readonly output: string;
  /** What the result is called where the request does not say it. */
  readonly name: string;
}

/** Steps over which losses are averaged for people. */
const shownSteps = 50;

/**
 * Trains what a request asks for on a set into a folder, and goes on there if that holds the same training already. Gives the paths of the result.
 *
 * @throws ArmatureError of what cannot be read, resolved or trained; the signal's reason once it was stopped, with a checkpoint.
 */
export async function runTraining(
  request: TrainingRequest,
  places: TrainingPlaces,
  tools: TrainingTools,
  progress: TrainingProgress,
): Promise<readonly string[]> {
  const { base: model } = tools;
  await TrainingFolder.open(places.output);
  const { condition } = resolveTrained(request, model, places.name);
  const base = await openDecidedBase(model);
  const halvings = base.unet.config.blockChannels.length - 1;
  const resolution = trainedSize(request, { base: model, halvings });
  const held = await tools.hold(places.output);
  try {
    // Read once more: whoever held it until now may have begun or ended it.
    const folder = await TrainingFolder.open(places.output);
    return await trainInto(folder, { base, halvings, condition, resolution }, request, places, tools, progress);
  } finally {
    await held.release();
  }
}

/** What is known of a training before its set is read. */
interface Begun {
  readonly base: BaseCheckpoint;
  /** Halvings of the latents on the UNet's way down. */
  readonly halvings: number;
  readonly condition: string | null;
  readonly resolution: Size;
}

async function trainInto(
  folder: TrainingFolder,
  { base, halvings, condition, resolution }: Begun,
  request: TrainingRequest,
  places: TrainingPlaces,
  tools: TrainingTools,
  progress: TrainingProgress,
): Promise<readonly string[]> {
  const { base: model } = tools;
  const session = await sessionOf(tools.settings);
  const { tokenizerFolder } = tools.settings;
  const memoryBudget = weightMemory(tools.settings);
  const frozen = await FrozenNetworks.open(model, tools.vae, { ...session, memoryBudget, tokenizerFolder });
  const set = await readSet(request, places.data, { condition, resolution, frozen, tools, progress });
  try {
    const seed = folder.seed ?? tools.randomSeed();
    const given = { base: model, vae: tools.vae, halvings, name: places.name, seed, pairs: epochLength(set.pairs) };
    const plan = resolveTraining(request, given);
    progress.onSet(set.report, plan);
    const identity = await folder.begin(plan, set.pairs);
    const shapes = learntShapes(base, resolution, frozen.tokens);
    const learnt = new LearntSet(set.pairs, frozen, new EncodedCache(folder.work.encoded), {
      shapes,
      resolution,
      condition,
      flip: plan.flip,
      decoder: tools.decoder,
      extract: async (picture) => await tools.extract(condition ?? '', picture),
      networks: networkKeys(model, tools.vae),
    });
    await learnt.encode(progress.signal, (done, of) => progress.onPicture('encoding', done, of));
    const method = methodFor(plan.trained).open(base.unet, plan.trained);
    const checkpoints = new CheckpointFolder(folder.work.checkpoints, identity, () => tools.now().getTime());
    let losses: number[] = [];
    const { arrays, weights } = await train(
      plan,
      {
        base,
        method,
        set: learnt,
        shapes,
        scalingFactor: frozen.scalingFactor,
        schedule: model.schedule.schedule,
        checkpoints,
        settings: session,
        usableMemory: tools.usableMemory,
      },
      {
        signal: progress.signal,
        onBegin: async (resumedAt) => {
          losses = (await folder.keepLosses(resumedAt)).map(({ loss }) => loss);
        },
        onStep: async (done) => {
          losses.push(done.loss);
          await folder.addLoss(done);
          progress.onStep(done, plan.steps);
        },
      },
    );
    const result = {
      plan,
      base,
      weights: viewsOf(arrays.wholes, weights),
      facts: {
        pictures: set.pairs.length,
        captioned: set.pairs.filter(({ caption }) => caption !== '').length,
        baseLicence: model.licence,
        loss: { first: mean(losses.slice(0, shownSteps)), last: mean(losses.slice(-shownSteps)) },
        date: tools.now().toISOString(),
      },
    };
    const written = await methodFor(plan.trained).write(places.output, result, plan.trained);
    const card = join(places.output, 'README.md');
    await writeAnew(card, Buffer.from(cardOf(result)));
    await folder.end();
    return [...written, card];
  } finally {
    await set.close();
  }
}

async function sessionOf({ provider, deviceId, threads }: DeviceSettings): Promise<SessionSettings> {
  return { provider: (await chooseProvider(provider, deviceId)).provider, deviceId, threads };
}

interface ReadingSet {
  readonly condition: string | null;
  readonly resolution: Size;
  readonly frozen: FrozenNetworks;
  readonly tools: TrainingTools;
  readonly progress: TrainingProgress;
}

/** Of a condition that has no extractor every picture needs a map, and of one whose maps are masked: no picture says what of it is to be drawn anew. */
async function readSet(
  { captions, on_bad: onBad, trigger_word: trigger }: TrainingRequest,
  path: string,
  { condition, resolution, frozen, tools, progress }: ReadingSet,
): Promise<TrainingSet> {
  const maps = condition === null ? 'unused' : isExtracted(condition) ? 'wanted' : 'needed';
  const tokens = { most: frozen.tokens, count: (caption: string) => frozen.countTokens(caption) };
  const { signal } = progress;
  return await readTrainingSet(
    { path },
    { maps, captions, onBad, trigger, resolution, tokens, limits: defaultSetLimits },
    { decoder: tools.decoder, signal, onProgress: (done, of) => progress.onPicture('reading', done, of) },
  );
}

function isExtracted(condition: string): boolean {
  const { load, masked } = conditionOf(condition);
  return load !== undefined && masked !== true;
}

function networkKeys(base: BaseModel, vae: VaeModel | null): { readonly picture: string; readonly caption: string } {
  const own = `${base.id}@${base.hash}`;
  return { picture: vae === null ? own : `${vae.id}@${vae.hash}`, caption: own };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
