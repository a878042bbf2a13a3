import { row as rowOf, stack, type Tensor } from '../numeric/tensor.ts';
import type { Question } from '../schedulers/scheduler.ts';
import { canShareRun, type Conditioning, conditioningAt, stackConditionings } from './conditioning/conditioning.ts';
import { canShareImages } from './controls/image-tokens.ts';
import { canShareDepth, type RowDepth } from './networks/deep-cache.ts';
import type { KeptResiduals, RowSteering } from './controls/kept-residuals.ts';
import type { EvaluationNetworks } from './controls/split-networks.ts';
import { canShareBranches } from './networks/row-branches.ts';
import type { DenoiserInput, RowBranch } from './networks/networks.ts';
import type { Row } from './row.ts';
import {
  answered,
  cleanLatents,
  depthOn,
  isFinished,
  keptAfter,
  rowsOf,
  type Sample,
  shownOn,
  steeringOn,
  stepOf,
} from './sample.ts';

/** One row of a batch. */
interface BatchRow {
  readonly question: Question;
  readonly conditioning: Conditioning;
  readonly steering: RowSteering;
  readonly shown: Float32Array | null;
  readonly branches: readonly RowBranch[];
  readonly depth: RowDepth | null;
}

/**
 * Takes every given sample one evaluation further. They must have the same batch key; steps, schedulers, guidance, controls and
 * lengths of prompts may differ. Rows go through the networks together, at most `maxRows` at once, and apart where their prompts
 * cannot be brought to one length, or their LoRAs would be too much beside each other, or some go on with what is kept of the denoiser's depths. Samples change only after all networks have answered: an error leaves them as they were.
 */
export async function evaluateTogether(
  samples: readonly Sample[],
  networks: EvaluationNetworks,
  maxRows = Number.POSITIVE_INFINITY,
): Promise<void> {
  const first = samples[0];
  if (first === undefined) return;
  const { base, shape } = first.pass;
  const batch = samples.flatMap(batchRowsOf);
  const evaluated = new Map<BatchRow, EvaluatedRow>();
  for (const run of runsOf(batch, maxRows)) {
    const steering = run.map((one) => one.steering);
    const branches = run.map((one) => one.branches);
    const { prediction, kept, deep } = await networks.evaluate({
      base,
      input: denoiserInput(run, shape),
      steering,
      branches,
      depths: run.map((one) => one.depth),
    });
    run.forEach((one, index) => {
      evaluated.set(one, {
        prediction: rowOf(prediction, index),
        kept: kept[index] ?? [],
        deep: deep[index] ?? null,
      });
    });
  }
  let index = 0;
  const after = samples.map((sample) => {
    const kept = new Map<Row, readonly KeptResiduals[]>();
    const deep = new Map<Row, Tensor>();
    const answers = rowsOf(sample).map((row) => {
      const answer = evaluated.get(batch[index++] as BatchRow) as EvaluatedRow;
      kept.set(row, answer.kept);
      if (answer.deep !== null) deep.set(row, answer.deep);
      return { role: row.role, weight: row.weight, prediction: answer.prediction };
    });
    // What is looked at comes beside what is drawn, and changes none of it.
    const clean = sample.watch === null ? null : cleanLatents(sample, answers);
    return { state: answered(sample, answers), kept: keptAfter(sample, kept, deep), clean };
  });
  for (const [i, sample] of samples.entries()) {
    const { state, kept, clean } = after[i] as (typeof after)[number];
    sample.state = state;
    sample.kept = isFinished(sample) ? null : kept;
    if (sample.watch !== null) sample.watch.clean = clean;
  }
}

/** What came of one row. */
interface EvaluatedRow {
  readonly prediction: Float32Array;
  readonly kept: readonly KeptResiduals[];
  readonly deep: Tensor | null;
}

function batchRowsOf(sample: Sample): readonly BatchRow[] {
  const question = sample.pass.scheduler.ask(sample.state);
  const step = stepOf(sample);
  return rowsOf(sample).map((row) => ({
    question,
    conditioning: conditioningAt(row.conditionings, step),
    steering: steeringOn(row, sample),
    shown: shownOn(row, sample),
    branches: sample.pass.branches,
    depth: depthOn(row, sample),
  }));
}

/** The rows of a batch by the runs of the networks that they go through. */
function runsOf(batch: readonly BatchRow[], maxRows: number): readonly (readonly BatchRow[])[] {
  const runs: BatchRow[][] = [];
  for (const one of batch) {
    const fits = (run: readonly BatchRow[]): boolean =>
      run.length < maxRows &&
      canShareRun([...run, one].map(({ conditioning }) => conditioning)) &&
      canShareBranches([...run, one].map(({ branches }) => branches)) &&
      canShareDepth([...run, one].map(({ depth }) => depth)) &&
      canShareImages([...run, one].map(({ steering }) => steering.controls));
    const run = runs.find(fits);
    if (run === undefined) runs.push([one]);
    else run.push(one);
  }
  return runs;
}

function denoiserInput(run: readonly BatchRow[], shape: readonly number[]): DenoiserInput {
  const questions = run.map(({ question }) => question);
  return {
    sample: stack(
      questions.map(({ latents }) => latents),
      shape,
    ),
    timestep: { dims: [questions.length], data: Float32Array.from(questions, ({ timestep }) => timestep) },
    conditioning: stackConditionings(run.map(({ conditioning }) => conditioning)),
    shown: shownIn(run, shape),
  };
}

/** What the rows of a run are shown. Rows of one network are shown equally many planes. */
function shownIn(run: readonly BatchRow[], [, height = 0, width = 0]: readonly number[]): Tensor | null {
  const rows = run.flatMap(({ shown }) => (shown === null ? [] : [shown]));
  const [first] = rows;
  return first === undefined ? null : stack(rows, [first.length / (height * width), height, width]);
}
