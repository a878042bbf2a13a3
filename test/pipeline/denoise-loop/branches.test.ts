import { describe, expect, it } from 'vitest';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../../src/pipeline/denoise-loop.ts';
import { AnalyticNetworks, TightNetworks } from './analytic-networks.ts';
import { limits, lora, sample } from './toy-sample.ts';

describe('samples with LoRAs beside the layers', () => {
  it('share evaluations with those that have others, or none', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    loop.join([
      sample({ steps: 1, branches: lora('ink') }),
      sample({ steps: 1 }),
      sample({ steps: 1, branches: lora('wash'), guidance: 1 }),
    ]);
    expect((await loop.tick()).stepped).toHaveLength(3);
    expect(networks.branches).toEqual([[['ink'], ['ink'], [], [], ['wash']]]);
  });

  it('go through the network apart, in one step, where their ranks are many together', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const large = [...lora('large', 128), ...lora('ink', 8)];
    loop.join(
      [large, lora('wash', 64), lora('ink', 8), lora('grain', 56), lora('ink', 8)].map((branches) =>
        sample({ steps: 1, guidance: 1, branches }),
      ),
    );
    expect((await loop.tick()).stepped).toHaveLength(5);
    // Who has them all anyway brings those with some of them along.
    expect(networks.branches).toEqual([
      [['large', 'ink'], ['ink'], ['ink']],
      [['wash'], ['grain']],
    ]);
  });

  it('wait for a network of their own, which does for those without LoRAs too', async () => {
    const networks = new TightNetworks({ a: 50, 'a with branches': 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(2), () => networks.time);
    loop.join([sample({ base: 'a', steps: 1 }), sample({ base: 'a', steps: 2, branches: lora('ink') })]);
    await loop.tick();
    await loop.tick();
    const plain = sample({ base: 'a', steps: 1, guidance: 1 });
    const inked = sample({ base: 'a', steps: 1, guidance: 1, branches: lora('ink') });
    loop.join([plain, inked]);
    expect(networks.reloadMs('a')).toBe(50);
    expect(loop.next()?.samples.flatMap(({ pass }) => pass.branches.map(({ lora: name }) => name))).toEqual(['ink']);
    await loop.tick();
    expect(loop.next()).toMatchObject({ samples: [plain, inked], ready: true });
    await loop.tick();
    expect([networks.loads, loop.size]).toEqual([2, 0]);
  });

  it('are not loaded for by a step of samples without LoRAs', async () => {
    const networks = new TightNetworks({ a: 50, 'a with branches': 50 }, 10);
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64), () => networks.time);
    const inked = sample({ base: 'a', steps: 2, branches: lora('ink') });
    loop.join([inked]);
    await loop.tick();
    loop.leave([inked]);
    const plain = sample({ base: 'a', steps: 5 });
    loop.join([plain]);
    await loop.tick();
    loop.join([inked]);
    expect(loop.next()?.samples).toEqual([plain]);
  });
});
