import { row, stack } from '../numeric/tensor.ts';
import { stackConditionings } from './conditioning/conditioning.ts';
import type { EvaluationNetworks } from './controls/split-networks.ts';
import type { DenoiserInput } from './networks/networks.ts';
import type { Row } from './row.ts';
import { answered, controlsOn, type Sample } from './sample.ts';

/** One row of a batch. */
interface BatchRow {
  readonly sample: Sample;
  readonly row: Row;
}

/**
 * Takes every given sample one evaluation further. They must have the same batch key; steps, schedulers, guidance and
 * controls may differ. Samples change only after all networks have answered: an error leaves them as they were.
 */
export async function evaluateTogether(samples: readonly Sample[], networks: EvaluationNetworks): Promise<void> {
  const first = samples[0];
  if (first === undefined) return;
  const batch = samples.flatMap((sample) => sample.pass.rows.map((one) => ({ sample, row: one })));
  const input = denoiserInput(samples, batch);
  const { base } = first.pass;
  const controls = batch.map(({ sample, row: one }) => controlsOn(one, sample));
  const predictions = await networks.evaluate({ base, input, controls });
  let index = 0;
  const states = samples.map((sample) => {
    const answers = sample.pass.rows.map(({ role }) => ({ role, prediction: row(predictions, index++) }));
    return answered(sample, answers);
  });
  for (const [i, sample] of samples.entries()) sample.state = states[i] ?? sample.state;
}

function denoiserInput(samples: readonly Sample[], batch: readonly BatchRow[]): DenoiserInput {
  const asked = new Map(samples.map((sample) => [sample, sample.pass.scheduler.ask(sample.state)]));
  const questions = batch.flatMap(({ sample }) => asked.get(sample) ?? []);
  return {
    sample: stack(
      questions.map(({ latents }) => latents),
      samples[0]?.pass.shape ?? [],
    ),
    timestep: { dims: [questions.length], data: Float32Array.from(questions, ({ timestep }) => timestep) },
    conditioning: stackConditionings(batch.map(({ row: { conditioning } }) => conditioning)),
  };
}
