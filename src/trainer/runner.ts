import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DeviceSettings } from '../device/protocol.ts';
import { requireSame } from '../device/require-same.ts';
import type { Attempt, JobDone, Runner } from '../drawing/runner.ts';
import { ArmatureError, hasCode } from '../errors.ts';
import type { TrainingJobPlan } from '../generation/kinds/training/job-plan.ts';
import { findInit } from '../generation/kinds/training/resolve.ts';
import { trainingCost } from '../generation/kinds/training/resolve-job.ts';
import type { MadeModel, StoredFile } from '../generation/made-model.ts';
import { type BaseModel, findBase } from '../generation/models/base.ts';
import { findVae } from '../generation/models/vae.ts';
import type { TrainingLook } from '../generation/training-look.ts';
import type { Records } from '../records/records.ts';
import { requireModelQuota } from '../records/trainings/model-quota.ts';
import { modelPrefix } from '../store/keys.ts';
import { putFile } from '../store/stored-files.ts';
import type { TrainingEvent } from '../training/contract/training-event.ts';
import type { InitialModel } from '../training/training-tools.ts';
import { bringSets } from './bring-sets.ts';
import { estimateView } from './estimate-view.ts';
import { FiguresOfTraining } from './figures.ts';
import type { ExtractorPlaces, TrainerSetLimits } from './protocol.ts';
import { StoredCheckpoints } from './stored-checkpoints.ts';
import { StoredLooks } from './stored-looks.ts';
import { trainApart } from './trainer-process.ts';
import { filesOf } from './training-files.ts';
import { waitForMemory } from './wait-for-memory.ts';

/** What trainings of a worker are made with. */
export interface TrainerParts {
  readonly records: Pick<Records, 'trainings' | 'sets'>;
  readonly settings: DeviceSettings;
  readonly extractor: ExtractorPlaces;
  /** Has a folder for each training that this machine works on. */
  readonly folder: string;
  /** Bytes of memory that a process may use. */
  readonly usableMemory: number;
  readonly setLimits: TrainerSetLimits;
  /** Bytes of the models that one tenant trained. */
  readonly modelQuotaBytes: number;
  /** What is free of that now. */
  readonly freeMemory: () => Promise<number>;
  readonly onStart: (pid: number) => void;
  readonly log: { warn(facts: object, message: string): void };
  /** The child's entry file; by default the built one. */
  readonly entry?: URL;
}

/** A model from a set, by a process of its own, which goes on from the last checkpoint that the store has. */
export function trainingRunner(parts: TrainerParts): Runner<TrainingJobPlan> {
  return {
    async run(attempt, plan, signal): Promise<JobDone> {
      const startedAt = performance.now();
      const { job, library, store, progress } = attempt;
      const base = await library.find(findBase, plan.base.id);
      requireSame('base model', plan.base, base.hash);
      const vae = plan.vae === null ? null : await library.find(findVae, plan.vae.id);
      if (vae !== null && plan.vae !== null) requireSame('autoencoder', plan.vae, vae.hash);
      const init = await initialModel(attempt, plan, base);
      const { batch, accumulation, steps = null } = plan.request;
      const figures = new FiguresOfTraining(batch * accumulation, steps, () => performance.now());
      progress.report(figures.progress);
      const places = placesOf(parts.folder, job.id);
      const checkpoints = checkpointsOf(parts, attempt, places);
      try {
        await forgetEnded(places.output);
        const step = await checkpoints.restore(signal);
        // What has begun comes to its end, whoever filled the room meanwhile.
        if (step === 0 && !plan.dryRun)
          await requireModelQuota(parts.records.trainings, job.tenant, parts.modelQuotaBytes);
        const data = await bringSets({ ...parts, store }, job.tenant, plan.sets, places.set, signal);
        const preparedAt = performance.now();
        const { settings, extractor, usableMemory, setLimits } = parts;
        const start = {
          settings,
          extractor,
          usableMemory,
          setLimits,
          request: plan.request,
          places: { data, output: places.output, name: plan.request.name },
          base,
          vae,
          init,
          dryRun: plan.dryRun,
        };
        const looks = looksOf(parts, attempt, plan);
        const onEvent = eventsOf(parts, attempt, { plan, base, figures, checkpoints, looks, signal });
        const { entry, onStart } = parts;
        const asked = { pause: attempt.pause, finish: attempt.finish };
        await trainApart(start, signal, {
          onEvent,
          onStart,
          ...asked,
          ...(entry === undefined ? {} : { entry }),
        });
        const trainedAt = performance.now();
        progress.report(figures.store());
        const model = plan.dryRun ? null : await storeModel(attempt, plan.request, places.output, signal);
        await progress.end(figures.progress);
        await checkpoints.close();
        await removeAll(places);
        return {
          outputs: [],
          maps: [],
          warnings: attempt.finish.aborted ? shortened(figures) : [],
          timings: {
            prepare: Math.round(preparedAt - startedAt),
            draw: Math.round(trainedAt - preparedAt),
            store: Math.round(performance.now() - trainedAt),
          },
          meanBatch: null,
          ...(model === null ? {} : { model }),
        };
      } catch (error) {
        // One that is told to stop goes on elsewhere from where it stopped, if there is time for that.
        if (attempt.pause.aborted) await checkpoints.stored();
        else if (signal.aborted) await within(partingMs, checkpoints.stored());
        await checkpoints.close();
        await rm(places.set, { recursive: true, force: true });
        throw error;
      }
    },
  };
}

/** Where the model lies that a training begins as. One that is gone, or another by now, is wanted only where there is no checkpoint. */
async function initialModel(
  { library }: Attempt,
  { init, request }: TrainingJobPlan,
  base: BaseModel,
): Promise<InitialModel | null> {
  if (init === null) return null;
  const found = await library.ask((models) => findInit(models, request, base)).catch(nullIfUnknown);
  return { ...init, path: found?.hash === init.hash ? found.path : null };
}

function nullIfUnknown(error: unknown): null {
  if (error instanceof ArmatureError && error.code === 'unknown_model') return null;
  throw error;
}

/** Milliseconds that the last checkpoint of a training which is handed back has to come into the store. */
const partingMs = 15_000;

function shortened({ progress: { step, steps } }: FiguresOfTraining): readonly string[] {
  if (step >= steps) return [];
  return [
    `It was stopped after step ${step} of ${steps}: these are the best weights by what it was looked at, or else its last.`,
  ];
}

interface Places {
  readonly output: string;
  readonly set: string;
  readonly held: string;
}

function placesOf(folder: string, id: string): Places {
  const own = join(folder, id);
  return { output: join(own, 'output'), set: join(own, 'set'), held: join(own, 'held') };
}

async function removeAll({ output }: Places): Promise<void> {
  await rm(join(output, '..'), { recursive: true, force: true });
}

/** One that had ended here before its end was known anywhere goes on from its checkpoint once more. */
async function forgetEnded(output: string): Promise<void> {
  try {
    const record = JSON.parse(await readFile(join(output, 'training.json'), 'utf8')) as { readonly ended?: boolean };
    if (record.ended !== true) return;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
  }
  await rm(output, { recursive: true, force: true });
}

function checkpointsOf(
  { records, log }: TrainerParts,
  { job, store }: Attempt,
  { output, held }: Places,
): StoredCheckpoints {
  const note = async (step: number): Promise<boolean> =>
    await records.trainings.noteCheckpoint(job.id, job.attempt, step);
  const onError = (err: unknown): void => {
    if (!isClosing(err))
      log.warn({ job: job.id, tenant: job.tenant, err }, 'a checkpoint was not stored, or is not whole in the store');
  };
  return new StoredCheckpoints({ store, note, onError }, job, output, held);
}

function looksOf({ records, log }: TrainerParts, { job, store }: Attempt, { request }: TrainingJobPlan): StoredLooks {
  const note = async (look: TrainingLook): Promise<boolean> =>
    await records.trainings.noteLook(job.id, job.attempt, look);
  const onError = (err: unknown): void =>
    log.warn({ job: job.id, tenant: job.tenant, err }, 'pictures of a training were not stored');
  return new StoredLooks({ store, note, onError }, job, request.validation?.every ?? 1);
}

function isClosing(error: unknown): boolean {
  return error instanceof ArmatureError && error.code === 'cancelled';
}

interface Listening {
  readonly plan: TrainingJobPlan;
  readonly base: BaseModel;
  readonly figures: FiguresOfTraining;
  readonly checkpoints: StoredCheckpoints;
  readonly looks: StoredLooks;
  readonly signal: AbortSignal;
}

function eventsOf(
  { records, settings, usableMemory, freeMemory }: TrainerParts,
  { job, progress }: Attempt,
  { plan: { request, payer = null }, base, figures, checkpoints, looks, signal }: Listening,
): (event: TrainingEvent) => Promise<void> {
  const memory = { usable: usableMemory, device: settings.memoryBudget, free: freeMemory };
  let report: object = {};
  const onWait = (what: string): void => progress.report(figures.waitFor(what));
  return async (event) => {
    const next = figures.after(event);
    if (next !== null) progress.report(next);
    if (event.type === 'validated') report = event.report;
    if (event.type === 'estimate') report = { ...report, estimate: estimateView(event.estimate) };
    if (event.type === 'validated' || event.type === 'estimate')
      await records.trainings.noteReport(job.id, job.attempt, report);
    if (event.type === 'begun')
      await records.trainings.settleCost(job.id, job.attempt, trainingCost(request, base, event.steps), payer);
    if (event.type === 'memory') await waitForMemory(event.bytes, memory, onWait, signal);
    if (event.type === 'notice') await records.trainings.noteNotice(job.id, job.attempt, event);
    await looks.after(event, signal);
    if (event.type === 'checkpoint') await checkpoints.hold(event.step, event.folder);
  };
}

/** Puts all that the training made into the store. */
async function storeModel(
  { job: { id: jobId, tenant }, store }: Attempt,
  { name: id, kind, condition }: TrainingJobPlan['request'],
  output: string,
  signal: AbortSignal,
): Promise<MadeModel> {
  const files: StoredFile[] = [];
  const place = { prefix: modelPrefix({ tenant, id }) };
  for (const name of await filesOf(output)) {
    // What the training goes on by is nobody's any more.
    if (name === 'training.json') continue;
    files.push(await putFile(store, join(output, ...name.split('/')), name, place, signal));
  }
  return { id, tenant, jobId, kind, condition: condition ?? null, files };
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const timeout = pause(ms, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([work, timeout]);
  timer.abort();
}
