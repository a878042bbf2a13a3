import { describe, expect, it } from 'vitest';
import type { SampleControl } from '../../../src/pipeline/controls/sample-control.ts';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop, StepError } from '../../../src/pipeline/denoise-loop.ts';
import { stepOf } from '../../../src/pipeline/sample.ts';
import type { Region } from '../../../src/pixels/region.ts';
import { AnalyticNetworks } from './analytic-networks.ts';
import { control, drawAlone, imagePrompt, limits, type Options, sample, within } from './toy-sample.ts';

/** Acts on the first of two cells in full and on the second by a fifth. */
const region: Region = { width: 4, height: 1, levels: Uint8Array.of(255, 255, 51, 51) };

const mixed: readonly Options[] = [
  { steps: 4, value: 1 },
  { steps: 7, value: 2, guidance: 1 },
  { steps: 3, value: 3, controls: [control('a', 0.5)] },
  { steps: 5, value: 4, controls: [control('a', 0.5, 'control'), control('b', 2, 'balanced', 0.2, 0.7)] },
  { steps: 4, value: 5, controls: [control('b', 1), control('b', 3)] },
  { steps: 4, value: 6, controls: [{ ...control('a', 0.5), inputs: within(region) }, control('a', 2)] },
];

describe('the batched denoise loop', () => {
  it('gives each sample what it gets alone, whatever it is batched with', async () => {
    const samples = mixed.map(sample);
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    loop.join(samples);
    while (loop.size > 0) await loop.tick();
    for (const [index, options] of mixed.entries())
      expect(samples[index]?.state.latents).toEqual(await drawAlone(options));
  });

  it('lets samples join and leave at any step', async () => {
    const [first, second, third] = [
      sample({ steps: 6 }),
      sample({ steps: 6, value: 2 }),
      sample({ steps: 2, value: 3 }),
    ];
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(64));
    loop.join([first, second]);
    await loop.tick();
    loop.join([third]);
    await loop.tick();
    loop.leave([second]);
    while (loop.size > 0) await loop.tick();
    expect(stepOf(second)).toBe(2);
    expect(first.state.latents).toEqual(await drawAlone({ steps: 6 }));
    expect(third.state.latents).toEqual(await drawAlone({ steps: 2, value: 3 }));
  });

  it('runs a ControlNet over the rows that use it, once a step', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    loop.join([sample(), sample({ controls: [control('a', 1)] }), sample({ controls: [control('a', 1, 'control')] })]);
    await loop.tick();
    expect(networks.batches).toEqual([6]);
    expect(networks.controlBatches).toEqual([{ network: 'a', rows: 3 }]);
  });

  it('multiplies the residuals of a control by its region, and those of no other', async () => {
    const ofCell = async (cell: number, controls: readonly SampleControl[]) =>
      (await drawAlone({ steps: 1, controls }))[cell];
    const [a, b] = [control('a', 0.5), control('a', 2)];
    const fifth = { ...a, hint: a.hint.map((value) => value / 5) };
    const inRegion: SampleControl = { ...a, inputs: within(region) };
    expect(await ofCell(0, [inRegion, b])).toBe(await ofCell(0, [a, b]));
    expect(await ofCell(1, [inRegion, b])).toBeCloseTo((await ofCell(1, [fifth, b])) ?? Number.NaN, 6);
    expect(await ofCell(1, [inRegion, b])).not.toBeCloseTo((await ofCell(1, [a, b])) ?? Number.NaN, 2);
  });

  it('keeps a batch within the row limit and lets those that waited longest go first', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(4));
    const samples = [1, 2, 3].map((value) => sample({ value, steps: 2 }));
    loop.join(samples);
    await loop.tick();
    expect(samples.map(stepOf)).toEqual([1, 1, 0]);
    await loop.tick();
    expect(samples.map(stepOf)).toEqual([2, 1, 1]);
    expect(networks.batches).toEqual([4, 4]);
  });

  it('keeps a batch within the memory that a step may work in', async () => {
    const networks = new AnalyticNetworks();
    // Rows of width 2 work in 200 bytes: four of them, two samples, fit into 900.
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64, 900));
    loop.join([1, 2, 3].map((value) => sample({ value, steps: 1 })));
    await loop.tick();
    await loop.tick();
    expect(networks.batches).toEqual([4, 2]);
  });

  it('counts into that memory what rows are fed with of the pictures of image prompts', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64, 900));
    // 200 bytes for 25 keys and 25 values, beside the 200 of each row: two rows, one sample.
    loop.join([1, 2, 3].map((value) => sample({ value, steps: 1, controls: value === 1 ? [] : [imagePrompt(25)] })));
    while (loop.size > 0) await loop.tick();
    expect(networks.batches).toEqual([2, 2, 2]);
  });

  it('a single sample above the limit is still drawn', async () => {
    const loop = new DenoiseLoop(splitNetworks(new AnalyticNetworks()), limits(1));
    const one = sample({ steps: 1 });
    loop.join([one]);
    await loop.tick();
    expect(stepOf(one)).toBe(1);
  });

  it('never mixes sizes in a step, and serves both in turn', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [narrow, wide] = [sample({ steps: 2 }), sample({ steps: 2, width: 3 })];
    loop.join([narrow, wide]);
    await loop.tick();
    expect([stepOf(narrow), stepOf(wide)]).toEqual([1, 0]);
    await loop.tick();
    expect([stepOf(narrow), stepOf(wide)]).toEqual([1, 1]);
  });

  it('goes on one by one where a batch is too large for the device', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 2;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const samples = [sample({ value: 1 }), sample({ value: 2 })];
    loop.join(samples);
    while (loop.size > 0) await loop.tick();
    expect(samples[0]?.state.latents).toEqual(await drawAlone({ value: 1 }));
    expect(samples[1]?.state.latents).toEqual(await drawAlone({ value: 2 }));
  });

  it('a sample that fails alone leaves the loop and takes no other with it', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 1;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [guided, plain] = [sample({ steps: 2 }), sample({ steps: 2, guidance: 1, width: 3 })];
    loop.join([guided, plain]);
    const error = await loop.tick().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StepError);
    expect((error as StepError).samples).toEqual([guided]);
    while (loop.size > 0) await loop.tick();
    expect(stepOf(plain)).toBe(2);
    expect(stepOf(guided)).toBe(0);
  });
});

describe('a sample that leaves while it is stepped', () => {
  it('does not come back', async () => {
    const networks = new AnalyticNetworks();
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [leaving, staying] = [sample(), sample({ value: 2 })];
    loop.join([leaving, staying]);
    networks.before = () => loop.leave([leaving]);
    await loop.tick();
    expect(loop.size).toBe(1);
    expect(loop.next()?.samples).toEqual([staying]);
  });

  it('nor after the batch that it was in failed', async () => {
    const networks = new AnalyticNetworks();
    networks.failAbove = 2;
    const loop = new DenoiseLoop(splitNetworks(networks), limits(64));
    const [first, leaving] = [sample(), sample({ value: 2 })];
    loop.join([first, leaving]);
    networks.before = () => {
      networks.before = () => {};
      loop.leave([leaving]);
    };
    await loop.tick();
    expect(loop.next()?.samples).toEqual([first]);
  });
});
