import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../../../src/numeric/torch-generator.ts';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop, StepError } from '../../../src/pipeline/denoise-loop.ts';
import { resumeSample, type Sample, startSample } from '../../../src/pipeline/sample.ts';
import { createScheduler } from '../../../src/schedulers/create-scheduler.ts';
import { noiseScheduleFrom } from '../../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../../src/weights/configs/stable-diffusion-schedule.ts';
import { AnalyticNetworks } from './analytic-networks.ts';
import { limits, sample } from './toy-sample.ts';

describe('the state of a sample', () => {
  /** A sampler that draws fresh noise in every step. */
  function stochastic(width = 32): Sample {
    const calm = sample({ width });
    const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
    return startSample({ ...calm.pass, scheduler: createScheduler('euler_a', schedule, 6) }, { seed: 7 });
  }

  async function finish(one: Sample): Promise<Sample> {
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    loop.join([one]);
    while (loop.size > 0) await loop.tick();
    return one;
  }

  it('is plain data, from which another sample of the pass goes on bit for bit', async () => {
    const whole = await finish(stochastic());
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    const killed = stochastic();
    loop.join([killed]);
    for (let step = 0; step < 3; step++) await loop.tick();
    const { pass } = stochastic();
    const resumed = await finish(resumeSample(pass, { seed: 7 }, structuredClone(killed.state)));
    expect(resumed.state).toEqual(whole.state);
  });

  it('goes on in the noise: each draw is what the generator of its seed gives next', async () => {
    const generator = new TorchGenerator(7);
    // The initial latents, and one draw a step.
    for (let draw = 0; draw < 1 + 6; draw++) generator.randn([1, 1, 1, 32]);
    expect((await finish(stochastic())).state.noise).toEqual(generator.save());
  });

  it('is what it was where a network failed, the place in the noise too', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 0;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const one = stochastic();
    const before = one.state;
    loop.join([one]);
    await expect(loop.tick()).rejects.toBeInstanceOf(StepError);
    expect(one.state).toBe(before);
    expect(before).toEqual(stochastic().state);
  });
});
