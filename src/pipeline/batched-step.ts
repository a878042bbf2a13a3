import { row, stack, type Tensor } from '../numeric/tensor.ts';
import { guide, rescaleGuided } from './guidance.ts';
import type { DenoiserInput, NetworkSource } from './networks.ts';
import { sumResiduals } from './residuals.ts';
import { isGuided, type Sample } from './sample.ts';

/** One row of a batched step: a sample's conditional or unconditional half. */
export interface BatchRow {
  readonly sample: Sample;
  readonly half: 'conditional' | 'unconditional';
}

/**
 * Takes every given sample one step further. They must have the same batch key; steps, schedulers, guidance and controls
 * may differ. Each sample's rows are [unconditional, conditional] with guidance, [conditional] without. Samples change
 * only after all networks have answered: an error leaves them as they were.
 */
export async function stepTogether(samples: readonly Sample[], networks: NetworkSource): Promise<void> {
  const first = samples[0];
  if (first === undefined) return;
  const rows = samples.flatMap(rowsOfSample);
  const input = denoiserInput(samples, rows);
  const base = networks.base(first.base);
  const residuals = await sumResiduals(rows, input, base.injectionPoints, networks);
  const prediction = await base.denoise(input, residuals);
  let index = 0;
  const next = samples.map((sample) => {
    const unconditional = isGuided(sample) ? row(prediction, index++) : null;
    return advance(sample, unconditional, row(prediction, index++));
  });
  samples.forEach((sample, i) => {
    sample.latents = next[i] ?? sample.latents;
    sample.step += 1;
  });
}

function rowsOfSample(sample: Sample): BatchRow[] {
  const conditional: BatchRow = { sample, half: 'conditional' };
  return isGuided(sample) ? [{ sample, half: 'unconditional' }, conditional] : [conditional];
}

function denoiserInput(samples: readonly Sample[], rows: readonly BatchRow[]): DenoiserInput {
  const scaled = new Map(
    samples.map((sample) => [sample, sample.scheduler.scaleModelInput(sample.latents, sample.step)]),
  );
  const contexts = rows.map(({ sample, half }) => (half === 'conditional' ? sample.context : sample.negativeContext));
  const { tokens, width } = contexts[0] ?? { tokens: 0, width: 0 };
  return {
    sample: stack(
      rows.map(({ sample }) => scaled.get(sample) ?? sample.latents),
      rows[0]?.sample.shape ?? [],
    ),
    timestep: timesteps(rows),
    context: stack(
      contexts.map((context) => context.values),
      [tokens, width],
    ),
  };
}

function timesteps(rows: readonly BatchRow[]): Tensor {
  const data = Float32Array.from(rows, ({ sample }) => sample.scheduler.timesteps[sample.step] ?? 0);
  return { dims: [rows.length], data };
}

function advance(sample: Sample, unconditional: Float32Array | null, conditional: Float32Array): Float32Array {
  const { scale, rescale } = sample.guidance;
  let prediction = conditional;
  if (unconditional !== null) {
    prediction = guide(unconditional, conditional, scale);
    if (rescale > 0) prediction = rescaleGuided(prediction, conditional, rescale);
  }
  return sample.scheduler.step(prediction, sample.step, sample.latents, sample.noise);
}
