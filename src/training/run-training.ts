import { join } from 'node:path';
import { resolveTrained, trainedSize } from '../generation/kinds/training/resolve.ts';
import type { TrainingRequest } from '../generation/request/training.ts';
import { requireDiskRoom } from '../files/require-room.ts';
import { writeAnew } from '../files/atomic-write.ts';
import { openDecidedBase } from '../weights/checkpoint.ts';
import { cardOf } from './card.ts';
import { CheckpointFolder } from './checkpoints.ts';
import type { TrainingEvent, TrainingWatcher } from './contract/training-event.ts';
import type { TrainingSet } from './data/set.ts';
import { KeptModels, keptSteps } from './kept-models.ts';
import { methodFor } from './methods/methods.ts';
import type { TrainingResult } from './methods/contract/training-result.ts';
import { openValidation } from './open-validation.ts';
import { type BegunTraining, learntFrom, prepareTraining } from './prepare-training.ts';
import { settlePlan } from './settle-plan.ts';
import { memoryOfSteps } from './step-memory.ts';
import { lookedNumbers, prepareSteps } from './step-parts.ts';
import { requiredDisk } from './required-disk.ts';
import { type Trained, train } from './train.ts';
import { viewsOf } from './trained-arrays.ts';
import { TrainingFolder } from './training-folder.ts';
import type { TrainingPlaces, TrainingTools } from './training-tools.ts';
import { writeCurves } from './write-curves.ts';

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
  watcher: TrainingWatcher,
): Promise<readonly string[]> {
  const startedAt = tools.now().getTime();
  const known = await beginTraining(request, places, tools);
  const held = await tools.hold(places.output);
  try {
    // Read once more: whoever held it until now may have begun or ended it.
    const folder = await TrainingFolder.open(places.output);
    return await trainInto(folder, { ...known, startedAt }, request, places, tools, watcher);
  } finally {
    await held.release();
  }
}

/** What can be known, and refused, before the set is read. */
export async function beginTraining(
  request: TrainingRequest,
  places: TrainingPlaces,
  { base: model, init }: TrainingTools,
): Promise<BegunTraining> {
  const folder = await TrainingFolder.open(places.output);
  const asked = resolveTrained(request, model, places.name);
  const base = await openDecidedBase(model);
  const halvings = base.unet.config.blockChannels.length - 1;
  const path = init?.path ?? null;
  const initial = path === null ? null : await methodFor(asked).initial(path, base, asked);
  // Where that model is gone by now, what was found in it is known since the training began.
  const trained = init === null ? asked : (initial?.trained ?? folder.plan?.trained ?? asked);
  return {
    base,
    trained,
    initial: initial?.weights ?? null,
    halvings,
    resolution: trainedSize(request, { base: model, halvings }),
  };
}

async function trainInto(
  folder: TrainingFolder,
  { startedAt, ...known }: BegunTraining & { readonly startedAt: number },
  request: TrainingRequest,
  places: TrainingPlaces,
  tools: TrainingTools,
  watcher: TrainingWatcher,
): Promise<readonly string[]> {
  const { base } = known;
  const { base: model } = tools;
  // What was begun without a seed goes on with the one that was drawn.
  const seed = request.seed ?? folder.seed ?? tools.randomSeed();
  const prepared = await prepareTraining(request, { ...known, seed }, places, tools, watcher);
  const { set, split, random, frozen, encoded, plan: asked } = prepared;
  try {
    const { heldOut, parts } = learntFrom(prepared, known, folder.work.encoded, tools);
    // What cannot fit is refused before hours of encoding.
    const { graph, arrays } = prepareSteps(asked, parts);
    const averaged = asked.ema !== null;
    // One that goes on has most of it already.
    if (folder.seed === null) {
      const taken = requiredDisk(set.pairs.length, encoded.shapes, asked, arrays.length);
      await requireDiskRoom(places.output, taken, 'what it works with');
    }
    const { identity, plan: begun } = await folder.begin(asked, set.pairs);
    if (prepared.session.provider === 'cpu') {
      const looked = asked.validation === null ? 0 : lookedNumbers(base);
      await watcher.onEvent({ type: 'memory', bytes: memoryOfSteps(graph, arrays, { averaged, looked }) });
    }
    await parts.set.encode(watcher.signal, onEncoded(0, set, watcher));
    await heldOut.encode(watcher.signal, onEncoded(split.learnt.length, set, watcher), asked.validation?.prompts);
    const now = (): number => tools.now().getTime();
    const tell = async (event: TrainingEvent): Promise<void> => await watcher.onEvent(event);
    const looks = { folder, pairs: split.heldOut, set: heldOut, encoded, frozen, base, model, random, tools, watcher };
    const validation = await openValidation({ plan: begun, ...looks });
    const plan = await settlePlan(begun, parts, validation, { signal: watcher.signal, now, startedAt }, tell);
    await folder.settle(plan);
    const checkpoints = new CheckpointFolder(folder.work.checkpoints, identity, now, {
      onWritten: async (written) => await watcher.onEvent({ type: 'checkpoint', ...written }),
    });
    let losses: number[] = [];
    const facts = (step: number): TrainingResult['facts'] => ({
      pictures: set.pairs.length,
      captioned: set.pairs.filter(({ caption }) => caption !== '').length,
      baseLicence: model.licence,
      loss: { first: mean(losses.slice(0, shownSteps)), last: mean(losses.slice(-shownSteps)) },
      step,
      date: tools.now().toISOString(),
    });
    const resultOf = ({ arrays, weights, step }: Trained): TrainingResult => {
      const whole = viewsOf(arrays.wholes, weights);
      return { plan, base, weights: whole, facts: facts(step) };
    };
    const keptPlaces = { output: places.output, draft: folder.work.kept };
    const keeping = new KeptModels(keptPlaces, keptSteps(plan.steps, plan.keep), resultOf);
    const ended = await train(
      plan,
      { ...parts, checkpoints, keeping, validation },
      {
        signal: watcher.signal,
        onBegin: async (resumedAt) => {
          losses = (await folder.keepLosses(resumedAt)).map(({ loss }) => loss);
          await validation?.keep(resumedAt);
          await watcher.onEvent({ type: 'begun', step: resumedAt, steps: plan.steps });
        },
        onStep: async (done) => {
          losses.push(done.loss);
          await folder.addLoss(done);
          const { step, loss, learningRate: rate, gradientNorm: norm } = done;
          await watcher.onEvent({ type: 'progress', step, steps: plan.steps, loss, rate, norm });
        },
      },
    );
    const result = resultOf(ended);
    await writeCurves(folder, plan.steps, validation?.figures ?? []);
    const written = await methodFor(plan.trained).write(places.output, result, plan.trained);
    const card = join(places.output, 'README.md');
    await writeAnew(card, Buffer.from(cardOf(result)));
    await folder.end();
    return [...written, card];
  } finally {
    await set.close();
  }
}

/** Pictures of both parts of a set are counted together; the first part is `before` the other. */
function onEncoded(before: number, { pairs }: TrainingSet, watcher: TrainingWatcher): (done: number) => Promise<void> {
  return async (done) =>
    await watcher.onEvent({ type: 'validating', stage: 'encoding', done: before + done, of: pairs.length });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
