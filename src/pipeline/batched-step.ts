import { row, stack, type Tensor } from '../numeric/tensor.ts';
import { steer } from './controls/kinds.ts';
import { actingControls, type RowControl } from './controls/sample-control.ts';
import { guide, rescaleGuided } from './guidance.ts';
import type { DenoiserInput, NetworkSource } from './networks.ts';
import { isGuided, type Sample } from './sample.ts';
import type { Question, SchedulerState } from '../schedulers/scheduler.ts';

/** One row of a batched evaluation: a sample's conditional or unconditional half. */
interface BatchRow {
  readonly sample: Sample;
  readonly half: 'conditional' | 'unconditional';
}

/**
 * Takes every given sample one evaluation further. They must have the same batch key; steps, schedulers, guidance and
 * controls may differ. Each sample's rows are [unconditional, conditional] with guidance, [conditional] without. Samples change
 * only after all networks have answered: an error leaves them as they were.
 */
export async function stepTogether(samples: readonly Sample[], networks: NetworkSource): Promise<void> {
  const first = samples[0];
  if (first === undefined) return;
  const rows = samples.flatMap(rowsOfSample);
  const input = denoiserInput(samples, rows);
  const base = networks.base(first.base);
  const steering = await steer(rows.map(controlsOfRow), input, base, networks);
  const prediction = await base.denoise(input, steering.residuals);
  let index = 0;
  const next = samples.map((sample) => {
    const unconditional = isGuided(sample) ? row(prediction, index++) : null;
    return advance(sample, unconditional, row(prediction, index++));
  });
  samples.forEach((sample, i) => {
    sample.state = next[i] ?? sample.state;
  });
}

function rowsOfSample(sample: Sample): BatchRow[] {
  const conditional: BatchRow = { sample, half: 'conditional' };
  return isGuided(sample) ? [{ sample, half: 'unconditional' }, conditional] : [conditional];
}

function controlsOfRow({ sample, half }: BatchRow): readonly RowControl[] {
  return actingControls(sample.controls, half, sample.state.evaluation, sample.scheduler.evaluations.length);
}

function denoiserInput(samples: readonly Sample[], rows: readonly BatchRow[]): DenoiserInput {
  const asked = new Map(samples.map((sample) => [sample, sample.scheduler.ask(sample.state)]));
  const questions = rows.flatMap(({ sample }) => asked.get(sample) ?? []);
  const contexts = rows.map(({ sample, half }) => (half === 'conditional' ? sample.context : sample.negativeContext));
  const { tokens, width } = contexts[0] ?? { tokens: 0, width: 0 };
  return {
    sample: stack(
      questions.map(({ latents }) => latents),
      rows[0]?.sample.shape ?? [],
    ),
    timestep: timesteps(questions),
    context: stack(
      contexts.map((context) => context.values),
      [tokens, width],
    ),
  };
}

function timesteps(questions: readonly Question[]): Tensor {
  return { dims: [questions.length], data: Float32Array.from(questions, ({ timestep }) => timestep) };
}

function advance(sample: Sample, unconditional: Float32Array | null, conditional: Float32Array): SchedulerState {
  const { scale, rescale } = sample.guidance;
  let prediction = conditional;
  if (unconditional !== null) {
    prediction = guide(unconditional, conditional, scale);
    if (rescale > 0) prediction = rescaleGuided(prediction, conditional, rescale);
  }
  return sample.scheduler.answer(sample.state, prediction, sample.noise);
}
