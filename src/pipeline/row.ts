import type { StepConditionings } from './conditioning/conditioning.ts';
import { weightsOn } from './controls/control-weights.ts';
import type { RowControl, SampleControl } from './controls/sample-control.ts';
import type { Role } from '../generation/row-roles.ts';

/** One question that a sample asks of the network, and the conditionings that say it. */
export interface RowQuestion {
  readonly role: Role;
  /** What the answer counts among those to several prompts; 1 for a prompt by itself. */
  readonly weight: number;
  readonly conditionings: StepConditionings;
}

/** One row of an evaluation: one question about a sample. A sample asks as many as its guidance joins. */
export interface Row extends RowQuestion {
  /** The controls that act on it while their windows are open. */
  readonly controls: readonly RowControl[];
}

/** A row under the controls of its pass, each as strong as its mode is on rows of this role. */
export function rowOf(question: RowQuestion, controls: readonly SampleControl[]): Row {
  const acting = controls.flatMap((control): readonly RowControl[] => {
    const weights = weightsOn(question.role, control);
    return weights === null ? [] : [{ control, weights, role: question.role }];
  });
  return { ...question, controls: acting };
}
