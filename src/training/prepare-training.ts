import { conditionOf } from '../conditions/registry.ts';
import { weightMemory } from '../device/memory.ts';
import type { DeviceSettings } from '../device/protocol.ts';
import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import { heldOutOf, resolveTraining } from '../generation/kinds/training/resolve.ts';
import type { Trained } from '../generation/kinds/training/trained/trained.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { VaeModel } from '../generation/models/vae.ts';
import type { TrainingRequest } from '../generation/request/training.ts';
import type { Size } from '../numeric/size.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';
import type { SessionSettings } from '../runtime/index.ts';
import { chooseProvider } from '../runtime/provider.ts';
import type { BaseCheckpoint } from '../weights/checkpoint.ts';
import { beginningAs } from './beginning-as.ts';
import type { TrainingWatcher } from './contract/training-event.ts';
import { defaultSetLimits } from './data/contract/limits.ts';
import { readTrainingSet } from './data/read-set.ts';
import { epochLength, type TrainingSet } from './data/set.ts';
import { EncodedCache } from './encoded-cache.ts';
import { FrozenNetworks } from './frozen-networks.ts';
import { holdOut, type SplitSet } from './held-out.ts';
import { LearntSet, type LearntOptions, learntShapes } from './learnt-set.ts';
import type { InitialWeights } from './methods/contract/method.ts';
import { methodFor } from './methods/methods.ts';
import type { StepParts } from './step-parts.ts';
import { TrainingRandom } from './training-random.ts';
import type { TrainingPlaces, TrainingTools } from './training-tools.ts';

/** What is known of a training before its set is read. */
export interface BegunTraining {
  readonly base: BaseCheckpoint;
  /** Of the model that it begins as; null for a new one, and for one that is gone. */
  readonly initial: InitialWeights | null;
  /** Halvings of the latents on the UNet's way down. */
  readonly halvings: number;
  readonly trained: Trained;
  readonly resolution: Size;
}

/** A training whose set was read, before anything is encoded. */
export interface PreparedTraining {
  /** To be closed. */
  readonly set: TrainingSet;
  readonly split: SplitSet;
  /** As it was asked for. */
  readonly plan: TrainingPlan;
  readonly random: TrainingRandom;
  readonly frozen: FrozenNetworks;
  readonly encoded: LearntOptions;
  readonly session: SessionSettings;
}

/** Reads the set of a training and resolves its plan with it; tells the watcher of both. */
export async function prepareTraining(
  request: TrainingRequest,
  { base, halvings, trained, resolution, seed }: BegunTraining & { readonly seed: number },
  places: TrainingPlaces,
  tools: TrainingTools,
  watcher: TrainingWatcher,
): Promise<PreparedTraining> {
  const { base: model, vae, init, settings } = tools;
  const { condition } = trained;
  const session = await sessionOf(settings);
  const { tokenizerFolder } = settings;
  const memoryBudget = weightMemory(settings);
  const frozen = await FrozenNetworks.open(model, vae, { ...session, memoryBudget, tokenizerFolder });
  const set = await readSet(request, places.data, { condition, resolution, frozen, tools, watcher });
  try {
    const random = new TrainingRandom(seed);
    const split = holdOut(set.pairs, heldOutOf(request, set.pairs.length), random);
    const pairs = epochLength(split.learnt);
    const known = {
      base: model,
      vae,
      init,
      trained,
      halvings,
      name: places.name,
      seed,
      pairs,
      heldOut: split.heldOut.length,
    };
    const plan = resolveTraining(request, known);
    await watcher.onEvent({ type: 'validated', report: set.report, plan });
    const encoded = {
      shapes: learntShapes(base, resolution, frozen.tokens),
      resolution,
      condition,
      flip: plan.flip,
      decoder: tools.decoder,
      extract: async (picture: MaskedImage) => (await tools.extract(condition ?? '', picture)).map,
      networks: networkKeys(model, vae),
    };
    return { set, split, plan, random, frozen, encoded, session };
  } catch (error) {
    await set.close();
    throw error;
  }
}

/** Both parts of the set as they are learnt from, with what is made of them in a folder, and what steps are made of. */
export function learntFrom(
  { split, plan, frozen, encoded, session }: PreparedTraining,
  { base, initial }: BegunTraining,
  folder: string,
  { base: model, init, usableMemory }: TrainingTools,
): { readonly heldOut: LearntSet; readonly parts: StepParts; readonly cache: EncodedCache } {
  const cache = new EncodedCache(folder);
  const fresh = methodFor(plan.trained).open(base.unet, plan.trained);
  const parts = {
    base,
    method: init === null ? fresh : beginningAs(fresh, init, initial),
    set: new LearntSet(split.learnt, frozen, cache, encoded),
    shapes: encoded.shapes,
    scalingFactor: frozen.scalingFactor,
    schedule: model.schedule.schedule,
    settings: session,
    usableMemory,
  };
  return { heldOut: new LearntSet(split.heldOut, frozen, cache, { ...encoded, flip: false }), parts, cache };
}

async function sessionOf({ provider, deviceId, threads }: DeviceSettings): Promise<SessionSettings> {
  return { provider: (await chooseProvider(provider, deviceId)).provider, deviceId, threads };
}

interface ReadingSet {
  readonly condition: string | null;
  readonly resolution: Size;
  readonly frozen: FrozenNetworks;
  readonly tools: TrainingTools;
  readonly watcher: TrainingWatcher;
}

/** Of a condition that has no extractor every picture needs a map, and of one whose maps are masked: no picture says what of it is to be drawn anew. */
async function readSet(
  { captions, on_bad: onBad, trigger_word: trigger }: TrainingRequest,
  path: string,
  { condition, resolution, frozen, tools, watcher }: ReadingSet,
): Promise<TrainingSet> {
  const maps = condition === null ? 'unused' : isExtracted(condition) ? 'wanted' : 'needed';
  const tokens = { most: frozen.tokens, count: (caption: string) => frozen.countTokens(caption) };
  const { signal } = watcher;
  const onProgress = async (done: number, of: number): Promise<void> =>
    await watcher.onEvent({ type: 'validating', stage: 'reading', done, of });
  return await readTrainingSet(
    { path },
    { maps, captions, onBad, trigger, resolution, tokens, limits: tools.setLimits ?? defaultSetLimits },
    { decoder: tools.decoder, signal, onProgress },
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
