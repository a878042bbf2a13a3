import type { ControlFidelity } from '../../generation/job.ts';
import type { ChosenPicture } from '../../drawing/choose-pictures.ts';

/** How well a picture obeys its controls, one line each, and what it was chosen from. */
export function fidelityLines({
  seed,
  fidelity = [],
  candidates = [],
}: Omit<ChosenPicture, 'image'>): readonly string[] {
  const scores = candidates.map((candidate) => `seed ${candidate.seed} ${figure(candidate.score)}`).join(', ');
  const controls = fidelity.map((one) => `seed ${seed}: ${one.condition} ${describe(one)}`);
  return scores === '' ? controls : [...controls, `chosen from ${scores}`];
}

function describe({ metric, value, details, note }: ControlFidelity): string {
  if (value === null) return `not measured: ${note}`;
  const rest = Object.entries(details).map(([name, number]) => `${name} ${figure(number)}`);
  return [`${metric} ${figure(value)}`, ...rest].join(', ');
}

function figure(value: number | null): string {
  if (value === null) return 'not measured';
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}
