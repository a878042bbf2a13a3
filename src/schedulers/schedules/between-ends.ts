import { endingIn, rampAt, type TrainedLevels } from './schedule.ts';

/** Equal steps in sigma^(1/7) (Karras et al. 2022, equation 5). */
export function karras({ min, max }: TrainedLevels, steps: number): number[] {
  const rho = 7;
  const [low, high] = [min ** (1 / rho), max ** (1 / rho)];
  return endingIn(0, steps, (index) => (high + rampAt(index, steps) * (low - high)) ** rho);
}

/** Equal steps in log sigma; with a `rho` other than 1, in its rho-th root. */
export function polyexponential({ min, max }: TrainedLevels, steps: number, rho = 1): number[] {
  const range = Math.log(max) - Math.log(min);
  return endingIn(0, steps, (index) => Math.exp((1 - rampAt(index, steps)) ** rho * range + Math.log(min)));
}

/** Equal angles, of which sigma is the tangent (Sabour et al. 2024, "Align Your Steps", theorem 3.1: the least divergence in closed form). */
export function klOptimal({ min, max }: TrainedLevels, steps: number): number[] {
  return endingIn(0, steps, (index) => tangentAt(min, max, rampAt(index, steps)));
}

/** The same as A1111 has it: the last step ends at the smallest level, not without noise. */
export function klOptimalA1111({ min, max }: TrainedLevels, steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, index) => tangentAt(min, max, index / steps));
}

function tangentAt(min: number, max: number, ramp: number): number {
  return Math.tan(ramp * Math.atan(min) + (1 - ramp) * Math.atan(max));
}

/** The threshold of noise below which the levels turn from a straight line to a parabola. */
const threshold = 0.025;

/** Half of the steps straight over the first 2.5 % of the noise, then a parabola that goes on with them to the end (Movie Gen, 2024). */
export function linearQuadratic({ max }: TrainedLevels, steps: number): number[] {
  const straight = Math.floor(steps / 2);
  if (straight === 0) return [max, 0];
  const rest = steps - straight;
  const difference = straight - threshold * steps;
  const square = difference / (straight * rest ** 2);
  const slope = threshold / straight - (2 * difference) / rest ** 2;
  const constant = square * straight ** 2;
  const gone = (index: number): number =>
    index < straight ? (index * threshold) / straight : square * index ** 2 + slope * index + constant;
  return endingIn(0, steps, (index) => (1 - gone(index)) * max);
}
