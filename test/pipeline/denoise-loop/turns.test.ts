import { describe, expect, it } from 'vitest';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../../src/pipeline/denoise-loop.ts';
import { stepOf } from '../../../src/pipeline/sample.ts';
import { TightNetworks } from './analytic-networks.ts';
import { control, imagePrompt, limits, sample } from './toy-sample.ts';

describe('bases that do not fit into memory together', () => {
  const steps = 100;

  async function drawAll(loadMs: Readonly<Record<string, number>>): Promise<TightNetworks> {
    const networks = new TightNetworks(loadMs, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    loop.join(Object.keys(loadMs).map((base) => sample({ base, steps })));
    while (loop.size > 0) await loop.tick();
    return networks;
  }

  it('take turns of several load times, so that a fifth of the time goes into loading and no more', async () => {
    const { time, loads } = await drawAll({ a: 50, b: 50 });
    expect(time).toBeLessThanOrEqual((2 * steps * 10) / 0.8 + 100);
    expect(loads).toBeGreaterThan(4);
  });

  it.each([3, 6])('spend no more time on loading where they are %i', async (count) => {
    const bases = Array.from({ length: count }, (_, base) => [`base${base}`, 50] as const);
    const { time } = await drawAll(Object.fromEntries(bases));
    expect(time).toBeLessThanOrEqual((count * steps * 10) / 0.8 + count * 100);
  });

  it('are both drawn, however unequal they are', async () => {
    const { time } = await drawAll({ a: 500, b: 10 });
    expect(time).toBeLessThanOrEqual((2 * steps * 10) / 0.8 + 1000);
  });

  it('take turns with image prompts too, for which they are other networks', async () => {
    const networks = new TightNetworks({ 'a with pictures': 50, 'b with pictures': 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    loop.join(['a', 'b'].map((base) => sample({ base, steps, controls: [imagePrompt()] })));
    while (loop.size > 0) await loop.tick();
    expect(networks.time).toBeLessThanOrEqual((2 * steps * 10) / 0.8 + 100);
  });

  it('do not wait where there is nothing else to do', async () => {
    const networks = new TightNetworks({ a: 50, b: 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    loop.join([sample({ base: 'a', steps: 2 }), sample({ base: 'b', steps: 1 })]);
    await loop.tick();
    await loop.tick();
    expect(loop.next()).toMatchObject({ ready: false, since: 60 });
    await loop.tick();
    expect([networks.time, loop.size]).toEqual([180, 0]);
  });

  it('wait by sample: one whose ControlNet is not loaded holds up none that has no need of it', async () => {
    const networks = new TightNetworks({ a: 50, net: 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    const [plain, steered] = [
      sample({ base: 'a', steps: 30 }),
      sample({ base: 'a', steps: 2, controls: [control('net', 1)] }),
    ];
    loop.join([steered, plain]);
    await loop.tick();
    expect([stepOf(steered), stepOf(plain)]).toEqual([1, 1]);
    for (let tick = 0; tick < 25; tick++) await loop.tick();
    expect([stepOf(steered), stepOf(plain)]).toEqual([1, 26]);
    await loop.tick();
    expect([stepOf(steered), stepOf(plain)]).toEqual([2, 27]);
  });
});

describe('a ControlNet whose window is not open', () => {
  it('is not waited for', async () => {
    const networks = new TightNetworks({ a: 50, net: 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    const [plain, steered] = [
      sample({ base: 'a', steps: 5 }),
      sample({ base: 'a', steps: 4, controls: [control('net', 1, 'balanced', 0, 0.25)] }),
    ];
    loop.join([steered, plain]);
    for (let tick = 0; tick < 4; tick++) await loop.tick();
    expect([stepOf(steered), stepOf(plain), networks.loads]).toEqual([4, 4, 2]);
  });
});
