import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingRequest } from '../generation/request/training.ts';
import { batchFeeds } from './batches.ts';
import { CheckpointFolder, intervalOf } from './checkpoints.ts';
import type { TrainingEstimate } from './contract/training-estimate.ts';
import type { TrainingWatcher } from './contract/training-event.ts';
import { keptSteps } from './kept-models.ts';
import { LearntSet } from './learnt-set.ts';
import { openValidation } from './open-validation.ts';
import { optimizerOf } from './optimizer/optimizer.ts';
import { learntFrom, type PreparedTraining, prepareTraining } from './prepare-training.ts';
import { beginTraining } from './run-training.ts';
import { looksOf, stepsWithin } from './settle-plan.ts';
import { memoryOfSteps } from './step-memory.ts';
import { lookedNumbers, prepareSteps } from './step-parts.ts';
import { dryRunFolder, TrainingFolder } from './training-folder.ts';
import type { TrainingPlaces, TrainingTools } from './training-tools.ts';
import { secondsOfLook, secondsOfStep, trialSteps } from './trials.ts';

/** Pairs by which it is measured what encoding takes. */
const encodedPairs = 16;
/** A learning rate for steps that only are to take their time. */
const anyRate = 1e-6;

/** Says what a training would take, by a few pairs and steps in the output folder. It refuses what the training would, and leaves nothing behind. */
export async function dryRun(
  request: TrainingRequest,
  places: TrainingPlaces,
  tools: TrainingTools,
  watcher: TrainingWatcher,
): Promise<TrainingEstimate> {
  const training = await beginTraining(request, places, tools);
  const held = await tools.hold(places.output);
  const scratch = join(places.output, dryRunFolder);
  try {
    const { seed: begunWith } = await TrainingFolder.open(places.output);
    const seed = request.seed ?? begunWith ?? tools.randomSeed();
    const prepared = await prepareTraining(request, { ...training, seed }, places, tools, watcher);
    try {
      await rm(scratch, { recursive: true, force: true });
      return await measured(prepared, training, scratch, tools, watcher);
    } finally {
      await prepared.set.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await held.release();
  }
}

async function measured(
  prepared: PreparedTraining,
  training: Awaited<ReturnType<typeof beginTraining>>,
  scratch: string,
  tools: TrainingTools,
  { signal, onEvent }: TrainingWatcher,
): Promise<TrainingEstimate> {
  const { plan: asked, split, frozen, set, encoded, random } = prepared;
  const plan = asked.learningRate === 0 ? { ...asked, learningRate: anyRate } : asked;
  const now = (): number => tools.now().getTime();
  const folder = await TrainingFolder.open(scratch);
  const { parts, heldOut, cache } = learntFrom(prepared, training, folder.work.encoded, tools);

  const some = split.learnt.slice(0, encodedPairs);
  const encodedAt = now();
  await new LearntSet(some, frozen, cache, encoded).encode(signal, async () => {});
  const share = set.pairs.length / some.length;
  const encoding = (share * (now() - encodedAt)) / 1000;
  const encodedBytes = share * (await bytesIn(folder.work.encoded));

  // What the steps that are measured learn from is encoded before them.
  const { graph, arrays, batch } = prepareSteps(plan, parts);
  if (prepared.session.provider === 'cpu') {
    const looked = plan.validation === null ? 0 : lookedNumbers(training.base);
    await onEvent({ type: 'memory', bytes: memoryOfSteps(graph, arrays, { averaged: plan.ema !== null, looked }) });
  }
  for (let at = 1; at <= trialSteps; at++) {
    for (let part = 0; part < plan.accumulation; part++) {
      signal.throwIfAborted();
      await batchFeeds(at, part, batch);
    }
  }
  await frozen.release();
  const step = await secondsOfStep(plan, parts, { signal, now });

  const quiet = { signal, onEvent: () => {} };
  await heldOut.encode(signal, async () => {}, plan.validation === null ? [] : plan.validation.prompts);
  const validation = await openValidation({
    plan,
    folder,
    pairs: split.heldOut,
    set: heldOut,
    encoded,
    frozen,
    base: training.base,
    model: tools.base,
    random,
    tools,
    watcher: quiet,
  });
  const look = validation === null ? 0 : await secondsOfLook(plan, parts, validation, { signal, now });

  let bytes = 0;
  const writtenAt = now();
  const checkpoints = new CheckpointFolder(folder.work.checkpoints, 'dry run', now, {
    onWritten: async (written) => await Promise.resolve(void (bytes = written.bytes)),
  });
  await checkpoints.write(1, optimizerOf(new Float32Array(arrays.length), plan.ema !== null));
  const writing = (now() - writtenAt) / 1000;

  const every = plan.validation?.every ?? 1;
  const steps =
    plan.minutes === null
      ? plan.steps
      : Math.max(1, plan.warmup, stepsWithin(60 * plan.minutes - encoding, { step, look, every }));
  const { bavail, bsize } = await statfs(scratch);
  // A model is written in two forms of two bytes a number; the weights that are best so far lie beside the checkpoints.
  const model = 4 * arrays.length;
  const best = validation === null ? 0 : 4 * arrays.length;
  const models = 1 + keptSteps(steps, plan.keep).length;
  return {
    plan: asked,
    steps,
    pairs: set.pairs.length,
    memory: process.resourceUsage().maxRSS * 1024,
    disk: { needed: Math.ceil(encodedBytes + 2 * bytes + best + models * model), free: bavail * bsize },
    encoding,
    step,
    look,
    all: encoding + steps * step + (validation === null ? 0 : look * looksOf(steps, every)),
    checkpoints: { bytes, writing, interval: intervalOf({ step, writing }) },
  };
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
