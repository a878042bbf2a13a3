/** What a training shows on pairs that it does not learn from, after a step. */
export interface ValidationFigures {
  /** 0: before the first. */
  readonly step: number;
  /** Mean squared error on them at noise that is the same each time; null where none are held out. */
  readonly loss: number | null;
  /** The same by range of timesteps, from the least noise to the most. */
  readonly ranges: readonly number[];
  /** What `own` and `shuffled` are: fidelity to the maps, higher is better; or the loss, lower is better. */
  readonly measure: 'fidelity' | 'held_out_loss';
  /** With the own map. */
  readonly own: number | null;
  /** With another's; null where no maps are used. */
  readonly shuffled: number | null;
  /** (own - shuffled) / (1 - shuffled) of fidelity, (shuffled - own) / shuffled of the loss; null where no maps are used. */
  readonly g: number | null;
  /** 95 % of g; null of the loss. */
  readonly interval: readonly [number, number] | null;
  /** Maps that were measured. */
  readonly maps: number;
  /** g of the true pictures; null of the loss. */
  readonly ceiling: number | null;
  /** Whether they say that the control acts. */
  readonly holds: boolean;
}

/**
 * The step at which a control took hold, where these figures are those that tell it: twice running they say that it acts, and never before. `before` are those of
 * before, in order. Null else.
 */
export function tookHoldAt(figures: ValidationFigures, before: readonly ValidationFigures[]): number | null {
  const was = before.at(-1);
  if (was === undefined || !was.holds || !figures.holds) return null;
  const isKnown = before.some(({ holds }, at) => holds && before[at + 1]?.holds === true);
  return isKnown ? null : was.step;
}

/** Whether one is better than another of the same training. */
export function isBetter(one: ValidationFigures, other: ValidationFigures): boolean {
  if (one.measure === 'fidelity' && other.measure === 'fidelity') return (one.g ?? 0) > (other.g ?? 0);
  return (one.loss ?? Infinity) < (other.loss ?? Infinity);
}
