import { describe, expect, it } from 'vitest';
import { type StepConditionings, throughout } from '../../../src/pipeline/conditioning/conditioning.ts';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../../src/pipeline/denoise-loop.ts';
import { resumeSample } from '../../../src/pipeline/sample.ts';
import { AnalyticNetworks } from './analytic-networks.ts';
import { drawAlone, limits, type Options, sample, tokens, told } from './toy-sample.ts';

describe('the prompts of samples', () => {
  const once = (conditionings: StepConditionings, weight = 1) => ({ prompts: [{ weight, conditionings }] });
  const changing: StepConditionings = { distinct: [tokens(1), tokens(5, 2)], at: [0, 1, 0] };
  const various: readonly Options[] = [
    once(told(1, 77)),
    once(told(2, 154)),
    once(told(3, 231)),
    once(changing),
    {
      prompts: [
        { weight: 0.5, conditionings: told(1, 3) },
        { weight: 2, conditionings: changing },
      ],
    },
    { ...once(told(4, 2)), guidance: 1 },
  ];

  it('of any length share every step, and give what they give alone', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const together = various.map(sample);
    loop.join(together);
    while (loop.size > 0) expect((await loop.tick()).stepped).toHaveLength(various.length);
    expect(networks.batches).toEqual([12, 12, 12, 12]);
    for (const [index, options] of various.entries()) {
      const alone = await drawAlone(options);
      together[index]?.state.latents.forEach((value, i) => expect(value).toBeCloseTo(alone[i] ?? Number.NaN, 4));
    }
  });

  it('that cannot be brought to one length go through the network apart, in the same step', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const options = [once(told(1, 77 * 13)), once(told(2, 77 * 7)), once(told(3, 77 * 2))];
    const together = options.map(sample);
    loop.join(together);
    expect((await loop.tick()).stepped).toHaveLength(3);
    // The negative prompts are one token long, which fits all: they go with the first.
    expect(networks.batches).toEqual([4, 1, 1]);
    while (loop.size > 0) await loop.tick();
    for (const [index, one] of options.entries()) {
      const alone = await drawAlone(one);
      together[index]?.state.latents.forEach((value, i) => expect(value).toBeCloseTo(alone[i] ?? Number.NaN, 4));
    }
  });

  it('are told step by step', async () => {
    const [first, second] = [tokens(1), tokens(5)];
    const alternating = await drawAlone(once({ distinct: [first, second], at: [0, 1, 0, 1] }));
    const steady = await drawAlone(once(throughout(first)));
    expect(alternating).not.toEqual(steady);
    expect(await drawAlone(once({ distinct: [first, tokens(1)], at: [0, 1, 0, 1] }))).toEqual(steady);
  });

  it('that are more than a step may have rows go through the network in several runs', async () => {
    const prompts = [1, 2, 3, 4].map((value) => ({ weight: 0.5, conditionings: told(value) }));
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(2));
    const one = sample({ prompts, steps: 1 });
    loop.join([one]);
    await loop.tick();
    expect(networks.batches).toEqual([2, 2, 1]);
    expect([...one.state.latents]).toEqual([...(await drawAlone({ prompts, steps: 1 }))]);
  });
});

describe('guidance at some of the steps', () => {
  const guided = [1, 2];
  /** The first latent after each step: 0.5 x + t/1000 + the value, or with guidance 2 twice the value, a tenth of it taken away. */
  function byHand(value: number, steps: number): number {
    let x = value;
    for (let step = 0; step < steps; step++) {
      x -= (x / 2 + (900 - 100 * step) / 1000 + (guided.includes(step) ? 2 : 1) * value) / 10;
    }
    return x;
  }

  it('asks about the negative prompt at those alone, alone and beside others, and after a checkpoint', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(100));
    const own = sample({ value: 3, guided });
    loop.join([own]);
    const rows: number[] = [];
    for (let step = 0; step < 4; step++) {
      rows.push((await loop.tick()).rows);
      expect(own.state.latents[0]).toBeCloseTo(byHand(3, step + 1), 5);
    }
    expect(rows).toEqual([1, 2, 2, 1]);
    expect(networks.batches).toEqual([1, 2, 2, 1]);

    const [first, other] = [sample({ value: 3, guided }), sample({ value: 5 })];
    loop.join([first, other]);
    expect((await loop.tick()).rows).toBe(3);
    expect((await loop.tick()).rows).toBe(4);
    const resumed = resumeSample(first.pass, first.seeds, first.state);
    loop.leave([first]);
    loop.join([resumed]);
    while (loop.size > 0) await loop.tick();
    expect([...resumed.state.latents]).toEqual([...own.state.latents]);
  });

  it('asks several prompts beside the negative one at every step', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(100));
    const prompts = [1, 4].map((value) => ({ weight: 0.5, conditionings: told(value) }));
    const own = sample({ value: 3, prompts, guided: [1] });
    loop.join([own]);
    await loop.tick();
    // Their mean, at a scale of 1.
    expect(own.state.latents[0]).toBeCloseTo(3 - (3 / 2 + 0.9 + 2.5) / 10, 5);
    expect(networks.batches).toEqual([3]);
  });
});
