import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { conditionOf } from '../conditions/registry.ts';
import { parseOptions } from '../conditions/contract/options.ts';
import { ArmatureError, serializeError } from '../errors.ts';
import { ExtractorProcess } from '../extractor/extractor-process.ts';
import { decodeHere } from '../images/decoder/decoder.ts';
import type { TrainingEvent } from '../training/contract/training-event.ts';
import { TrainingStop } from '../training/contract/training-stop.ts';
import { defaultSetLimits } from '../training/data/contract/limits.ts';
import { dryRun } from '../training/dry-run.ts';
import { runTraining } from '../training/run-training.ts';
import { holdWithPatience } from './hold.ts';
import type { FromTrainer, StartTraining, ToTrainer } from './protocol.ts';

/** About a tenth of the processor beside what draws all the time, and all of it beside nothing: the kernel weighs 0 and 10 as 1024 and 110. */
const niceness = 10;

const stopped = new AbortController();
/** Who waits until the parent has taken note, in the order of what they said. */
const waiting: (() => void)[] = [];

function say(message: FromTrainer): void {
  process.send?.(message);
}

/** Whether it has done a step, and whether it is to end with what it has: before its first there is nothing. */
const early = { hasLearnt: false, isWanted: false };

function finishEarly(): void {
  if (early.hasLearnt && early.isWanted) stopped.abort(new TrainingStop());
}

/** Each is waited for until the parent has taken note: what is passed on slowly slows the training, and a checkpoint stays until it is held. */
async function tell(event: TrainingEvent): Promise<void> {
  const noted = new Promise<void>((resolve) => waiting.push(resolve));
  say({ type: 'event', event });
  await noted;
  if (event.type !== 'progress') return;
  early.hasLearnt = true;
  finishEarly();
}

async function train(start: StartTraining): Promise<void> {
  const { request, places, base, vae, init, dryRun: isDry, settings, extractor, usableMemory, setLimits } = start;
  const maps = new ExtractorProcess(extractor);
  const { signal } = stopped;
  try {
    const tools = {
      base,
      vae,
      init,
      settings,
      usableMemory,
      setLimits: { ...defaultSetLimits, ...setLimits },
      decoder: decodeHere,
      extract: async (...[condition, picture]: Parameters<Tools['extract']>) => {
        const preprocess = parseOptions(conditionOf(condition), {}, 'condition');
        return await maps.extract(condition, picture, preprocess, signal, { map: picture });
      },
      hold: holdWithPatience,
      randomSeed: () => 0,
      now: () => new Date(),
    };
    const watcher = { signal, onEvent: tell };
    if (isDry) await tell({ type: 'estimate', estimate: await dryRun(request, places, tools, watcher) });
    else await runTraining(request, places, tools, watcher);
    say({ type: 'done' });
  } catch (error) {
    if (!(error instanceof ArmatureError)) console.error('training:', error);
    say({ type: 'failed', error: serializeError(error) });
  } finally {
    await maps.close();
    process.disconnect();
  }
}

type Tools = Parameters<typeof runTraining>[2];

/** Threads have a niceness each, which those that they start inherit. */
function beNice(): void {
  try {
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), niceness);
  } catch {
    setPriority(niceness);
  }
}

/** Where memory runs out all the same, this is what the system ends: it goes on from its checkpoint, and what draws is spared. */
function yieldMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // Systems without it choose by size alone.
  }
}

beNice();
yieldMemory();
process.on('message', (message: ToTrainer) => {
  if (message.type === 'start') void train(message.start);
  else if (message.type === 'noted') waiting.shift()?.();
  else if (message.type === 'finish') {
    early.isWanted = true;
    finishEarly();
  } else stopped.abort(new ArmatureError('cancelled', 'The training was stopped.'));
});
// A worker that is gone wants nothing of it: what goes on elsewhere must not go on here too.
process.on('disconnect', () => process.exit(0));
// Ctrl-C and service managers reach the whole group; the parent decides when the child has to go.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
