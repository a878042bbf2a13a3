import type { Leap } from './two-stage.ts';

/**
 * The level to step down to and the noise that leads from there to `to`: down^2 + up^2 = to^2. `eta` is the share of the noise that keeps the
 * marginals of the ancestral chain, 0 to 1: 0 steps straight to `to`. Levels are sigmas, from > to.
 */
export function ancestralStep(from: number, to: number, eta: number): Leap {
  if (eta === 0) return { down: to, up: 0 };
  const down = (to * to) / from;
  const up = Math.sqrt(Math.max(to * to - down * down, 0));
  // As it stands the difference of the squares loses no digits where all of the noise is asked for.
  return eta === 1 ? { down, up } : { down: Math.sqrt(to * to - (eta * up) ** 2), up: eta * up };
}
