import type { Conditioning } from './conditioning/conditioning.ts';
import { weightsOn } from './controls/control-weights.ts';
import type { RowControl, SampleControl } from './controls/sample-control.ts';
import type { Role } from './conditioning/role.ts';

/** One row of an evaluation: one question about a sample. A sample asks as many as its guidance joins. */
export interface Row {
  readonly role: Role;
  readonly conditioning: Conditioning;
  /** The controls that act on it while their windows are open. */
  readonly controls: readonly RowControl[];
}

/** A row under the controls of its pass, each as strong as its mode is on rows of this role. */
export function rowOf(role: Role, conditioning: Conditioning, controls: readonly SampleControl[]): Row {
  const acting = controls.flatMap((control): readonly RowControl[] => {
    const weights = weightsOn(role, control.weights);
    return weights === null || weights.every((weight) => weight === 0) ? [] : [{ control, weights }];
  });
  return { role, conditioning, controls: acting };
}
