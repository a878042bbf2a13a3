import { describe, expect, it } from 'vitest';
import { blended } from '../../src/pipeline/blend.ts';
import { createScheduler } from '../../src/schedulers/create-scheduler.ts';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';

const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
const scheduler = createScheduler('euler', schedule, 5);
const mask = Float32Array.of(0, 0.25, 0.5, 0.75, 1);
const original = Float32Array.of(3, 3, 3, 3, 3);
const noise = Float32Array.of(1, -1, 1, -1, 1);
const drawn = Float32Array.of(70, 70, 70, 70, 70);

/** What is left of what was drawn after so many steps, 1 where all of it is, 0 where all is the picture's own as noisy as it is to be. */
function drawnShares(mode: 'hard' | 'soft', steps: number): readonly number[] {
  const latents = blended(
    { scheduler },
    { mask, mode, original, noise },
    {
      ...scheduler.start(drawn),
      latents: drawn,
      evaluation: steps,
    },
  ).latents;
  const kept = steps === 5 ? original : scheduler.addNoise(original, noise, steps);
  return [...latents].map((value, i) => (value - kept[i]!) / (70 - kept[i]!));
}

describe('a part of a picture that is drawn anew', () => {
  it('with a hard mask is mixed by what that says after every step, grey too', () => {
    for (const steps of [1, 3, 5]) {
      for (const [i, share] of drawnShares('hard', steps).entries()) expect(share).toBeCloseTo(mask[i]!, 5);
    }
  });

  it('with a soft mask joins the later the darker that is, and none of its greys is rounded away', () => {
    const levels = scheduler.evaluations.map(({ level }) => level);
    const [least, most] = [Math.min(...levels), Math.max(...levels)];
    const joined = [1, 2, 3, 4, 5].map((steps) => {
      const left = steps === 5 ? 0 : (levels[steps]! - least) / (most - least);
      const shares = drawnShares('soft', steps);
      for (const [i, share] of shares.entries()) expect(share).toBeCloseTo(mask[i]! > 0 && mask[i]! >= left ? 1 : 0, 5);
      return shares.filter((share) => share > 0.5).length;
    });
    // White from the first step on, then each grey, and black never.
    expect(joined.toSorted((a, b) => a - b)).toEqual(joined);
    expect([joined[0]! < 4, joined.at(-1)]).toEqual([true, 4]);
  });
});
