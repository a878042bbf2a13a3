const byCount = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]] as const;

/** Adams and Bashforth's weights for even steps of the last `count` outputs, 1 to 4, newest first. */
export function plmsWeights(count: number): readonly number[] {
  return byCount[count - 1] ?? byCount[3];
}

export interface RungeKuttaStage {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Of its output in the whole step. */
  readonly weight: number;
  /** Whether it goes on half a step from its own timestep, or to it. */
  readonly goesHalf: boolean;
}

/** Stages 0 to 3 of the classical Runge-Kutta method. */
export function rungeKuttaStage(stage: number): RungeKuttaStage {
  const isEnd = stage === 0 || stage === 3;
  return { isFirst: stage === 0, isLast: stage === 3, weight: isEnd ? 1 / 6 : 1 / 3, goesHalf: stage % 2 === 0 };
}
