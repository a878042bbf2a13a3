import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { throughout } from '../../../src/pipeline/conditioning/conditioning.ts';
import { controlWeights } from '../../../src/pipeline/controls/control-weights.ts';
import type { ResidualControl } from '../../../src/pipeline/controls/sample-control.ts';
import { splitNetworks } from '../../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../../src/pipeline/denoise-loop.ts';
import type { ControlNetworks, NetworkSource, PictureNetworks } from '../../../src/pipeline/networks/networks.ts';
import { type Pass, torchNoise } from '../../../src/pipeline/pass.ts';
import { rowOf } from '../../../src/pipeline/row.ts';
import {
  isFinished,
  resumeSample,
  type Sample,
  startSample,
  stateToKeep,
  stepOf,
} from '../../../src/pipeline/sample.ts';
import { tenthScheduler } from '../denoise-loop/toy-sample.ts';

const width = 3;

/**
 * Networks that are computed by hand: the prediction is sample/2 + timestep/1000 + the residual of point 0; a ControlNet's residual is hint *
 * scale * timestep/1000 + sample/10, so that an older one is another one.
 */
class ByHand implements NetworkSource {
  /** What ran, by the timestep of its rows. */
  readonly ran: { readonly network: string; readonly timesteps: readonly number[] }[] = [];

  base(): PictureNetworks {
    return {
      key: 'none',
      latentChannels: 1,
      task: 'drawing',
      latentScale: 8,
      scalingFactor: 1,
      injectionPoints: 2,
      featurePlaces: 1,
      rowBytes: () => 10,
      residualBytes: () => 2 * width * 4,
      reloadMs: () => 0,
      deepBytes: () => 0,
      denoiseCut: async () => await Promise.reject(new Error('nothing is cut here')),
      encode: async () => await Promise.reject(new Error('no picture here')),
      decode: async (latents) => await Promise.resolve(latents),
      denoise: async ({ sample, timestep }, { residuals: [residual] }) => {
        const data = sample.data.map((value, i) => {
          const time = timestep.data[Math.floor(i / width)]! / 1000;
          return value / 2 + time + (residual!.data.length === 1 ? 0 : residual!.data[i]!);
        });
        return await Promise.resolve({ dims: sample.dims, data });
      },
    };
  }

  control(network: string): ControlNetworks {
    return {
      pooled: false,
      reloadMs: () => 0,
      encodeHint: async (image) => await Promise.resolve(image),
      residuals: async ({ sample, timestep }, hint, scale) => {
        this.ran.push({ network, timesteps: [...timestep.data] });
        const at = (point: number): Tensor => {
          const data = sample.data.map((value, i) => {
            const row = Math.floor(i / width);
            const own = hint.data[i]! * (timestep.data[row]! / 1000) + value / 10;
            return own * scale.data[2 * row + point]!;
          });
          return { dims: sample.dims, data };
        };
        return await Promise.resolve([at(0), at(1)]);
      },
    };
  }
}

interface Asked {
  readonly steps?: number;
  readonly stages?: number;
  readonly seed?: number;
  readonly controls: readonly ResidualControl[];
  /** The steps that are guided; all where absent. */
  readonly guided?: (step: number) => boolean;
}

function control(network: string, every: number, { start = 0, end = 1, hint = 1 } = {}): ResidualControl {
  const inputs = { map: { width: 8, height: 8, data: new Uint8Array(192) }, region: null, remarks: [] };
  const hints = Float32Array.from({ length: width }, (_, i) => hint + i);
  return {
    acts: 'residuals',
    network,
    every,
    hint: hints,
    start,
    end,
    weights: controlWeights('balanced', 1, 2),
    inputs,
  };
}

function passOf({ steps = 9, stages = 1, controls, guided }: Asked): Pass {
  const conditionings = throughout({ context: { dims: [1, 1], data: Float32Array.of(1) } });
  const asked = (['negative', 'prompt'] as const).map((role) => ({ role, weight: 1, conditionings }));
  return {
    base: 'toy',
    shape: [1, 1, width],
    scheduler: tenthScheduler(steps, stages),
    guidance: { scale: 3, rescale: 0, actsAt: guided },
    rows: asked.map((question) => rowOf(question, controls)),
    structure: '',
    branches: [],
    over: null,
    noiseFrom: torchNoise([1, 1, width], null),
  };
}

async function drawn(samples: readonly Sample[], networks: ByHand, memory = 1e9, onTick = (): void => {}) {
  const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 64, workingMemory: memory });
  loop.join(samples.filter((sample) => !isFinished(sample)));
  while (loop.size > 0) {
    await loop.tick();
    onTick();
  }
  return samples.map(({ state }) => state.latents);
}

function begin(asked: Asked): Sample {
  return startSample(passOf(asked), { seed: asked.seed ?? 1 });
}

/** Timesteps at which a network ran, of its first row alone. */
function timesteps({ ran }: ByHand, network: string): readonly number[] {
  return ran.flatMap((one) => (one.network === network ? [one.timesteps[0]!] : []));
}

describe('a ControlNet that runs at every n-th step', () => {
  it.each<readonly [string, Asked, readonly number[]]>([
    ['runs at the steps 0, n, 2n', { controls: [control('net', 4)] }, [900, 500, 100]],
    ['runs at all of them where n is 1', { steps: 3, controls: [control('net', 1)] }, [900, 800, 700]],
    ['runs once where n is beyond the steps', { controls: [control('net', 100)] }, [900]],
    [
      'runs at both evaluations of such a step and at none of the others',
      { steps: 4, stages: 2, controls: [control('net', 2)] },
      [900, 890, 700, 690],
    ],
    [
      'runs first where its window opens, and never after its end',
      { controls: [control('net', 4, { start: 0.2, end: 0.6 })] },
      [700, 500],
    ],
    [
      'runs for rows that are asked from a step on when they are first',
      { controls: [control('net', 4)], guided: (step) => step >= 6 },
      [900, 500, 300, 100],
    ],
  ])('%s', async (_says, asked, expected) => {
    const networks = new ByHand();
    await drawn([begin(asked)], networks);
    expect(timesteps(networks, 'net')).toEqual(expected);
  });

  it('gives at the steps between what it gave last', async () => {
    const own = control('net', 3);
    const sample = begin({ controls: [own] });
    let latents = sample.state.latents;
    let kept: Float32Array = new Float32Array();
    for (let step = 0; step < 9; step++) {
      const time = 0.9 - 0.1 * step;
      if (step % 3 === 0) kept = latents.map((value, i) => Math.fround(own.hint[i]! * time + value / 10));
      latents = latents.map((value, i) => value - (value / 2 + time + kept[i]!) / 10);
    }
    const [result] = await drawn([sample], new ByHand());
    for (const [i, value] of latents.entries()) expect(result![i]).toBeCloseTo(value, 5);
  });

  it('runs again when another one that does so at the same steps begins or ends, for they are one sum', async () => {
    const networks = new ByHand();
    const controls = [control('net', 4), control('late', 4, { start: 0.2, end: 0.7 })];
    await drawn([begin({ controls })], networks);
    expect(timesteps(networks, 'net')).toEqual([900, 700, 500, 300, 100]);
    expect(timesteps(networks, 'late')).toEqual([700, 500]);
  });

  it('leaves those alone that run at other steps', async () => {
    const networks = new ByHand();
    const controls = [control('two', 2), control('all', 1), control('three', 3)];
    const [mixed] = await drawn([begin({ controls })], networks);
    expect(timesteps(networks, 'two')).toEqual([900, 700, 500, 300, 100]);
    expect(timesteps(networks, 'three')).toEqual([900, 600, 300]);
    expect(timesteps(networks, 'all')).toHaveLength(9);
    expect(mixed).not.toEqual((await drawn([begin({ controls: controls.slice(0, 2) })], new ByHand()))[0]);
  });

  it('draws each sample as if it were alone, and runs for those rows alone whose turn it is', async () => {
    const asked: readonly Asked[] = [
      { controls: [control('net', 2)], seed: 1 },
      { controls: [control('net', 3, { hint: 2 })], seed: 2 },
      { controls: [control('net', 1), control('other', 4)], seed: 3 },
      { controls: [], seed: 4 },
      { controls: [control('net', 2), control('net', 4, { hint: 5 })], seed: 5, steps: 5 },
    ];
    const networks = new ByHand();
    const together = await drawn(asked.map(begin), networks);
    for (const [index, one] of asked.entries()) {
      expect(together[index]).toEqual((await drawn([begin(one)], new ByHand()))[0]);
    }
    const rows = networks.ran.filter(({ network }) => network === 'net').map((one) => one.timesteps.length);
    // Two rows of each: all and both of the last sample, then the third alone, the first, third and last, the second and third, ...
    expect(rows.slice(0, 4)).toEqual([10, 2, 6, 4]);
  });

  it.each<readonly [string, Asked]>([
    ['', { controls: [control('net', 3)] }],
    [' beside one that runs at others', { controls: [control('net', 2), control('other', 3), control('all', 1)] }],
    [' in two evaluations a step', { controls: [control('net', 3)], steps: 5, stages: 2 }],
    [' within a window', { controls: [control('net', 4, { start: 0.2, end: 0.8 })] }],
    [' where guidance begins late', { controls: [control('net', 4)], guided: (step) => step >= 5 }],
  ])('goes on from what is kept of it to the same%s, bit for bit', async (_says, asked) => {
    const sample = begin(asked);
    const states = new Set([stateToKeep(sample)]);
    const [whole] = await drawn([sample], new ByHand(), 1e9, () => states.add(stateToKeep(sample)));
    for (const state of states) {
      const [again] = await drawn([resumeSample(sample.pass, sample.seeds, state)], new ByHand());
      expect(again).toEqual(whole);
    }
    expect(states.size).toBeGreaterThan(2);
    expect(sample.kept).toBeNull();
  });

  it('is kept as it is where the next evaluation works all out anew, else as it was where that was last so', async () => {
    const sample = begin({ controls: [control('net', 3)], steps: 7 });
    const steps: number[] = [];
    await drawn([sample], new ByHand(), 1e9, () =>
      steps.push(stepOf({ pass: sample.pass, state: stateToKeep(sample) })),
    );
    expect(steps).toEqual([0, 0, 3, 3, 3, 6, 7]);
  });

  it('has others wait where not all that is kept fits into a half of the memory of steps, and draws all the same', async () => {
    const asked = [1, 2, 3].map((seed) => ({ seed, controls: [control('net', 2)] }));
    const networks = new ByHand();
    let most = 0;
    const samples = [...asked.map(begin), begin({ seed: 4, controls: [] })];
    // Two rows of 24 bytes a sample: two samples fit.
    const pictures = await drawn(samples, networks, 240, () => {
      most = Math.max(most, samples.filter(({ kept }) => kept !== null).length);
    });
    expect(most).toBe(2);
    for (const [index, one] of asked.entries()) {
      expect(pictures[index]).toEqual((await drawn([begin(one)], new ByHand()))[0]);
    }
    // One always goes.
    expect((await drawn([begin(asked[0]!)], new ByHand(), 10))[0]).toEqual(pictures[0]);
  });

  it('has one wait that would begin to keep more than half of that memory, though it keeps little at first', async () => {
    const controls = [control('net', 2), control('late', 3, { start: 0.5 })];
    const asked = [1, 2].map((seed) => ({ seed, controls }));
    const samples = asked.map(begin);
    let most = 0;
    const pictures = await drawn(samples, new ByHand(), 240, () => {
      most = Math.max(most, bytesKept(samples));
    });
    // Two rows of 24 bytes for each of two intervals.
    expect(most).toBe(96);
    for (const [index, one] of asked.entries()) {
      expect(pictures[index]).toEqual((await drawn([begin(one)], new ByHand()))[0]);
    }
  });

  it.each([
    ['from tick to tick', true],
    ['in one tick', false],
  ])('lets nobody that begins to keep something overtake one that waits for room, %s', async (_says, isUnderway) => {
    const small = (seed: number): Sample => begin({ seed, controls: [control('net', 2)] });
    const large = begin({ seed: 50, controls: [control('net', 2), control('other', 3)] });
    const loop = new DenoiseLoop(splitNetworks(new ByHand()), { maxRows: 64, workingMemory: 240 });
    loop.join([small(1)]);
    if (isUnderway) await loop.tick();
    loop.join([large]);
    const begun: number[] = [];
    for (let tick = 0; tick < 20; tick++) {
      const next = small(2 + tick);
      loop.join([next]);
      const { stepped } = await loop.tick();
      begun.push(...stepped.filter(({ state }) => state.evaluation === 1).map(({ seeds }) => seeds.seed));
    }
    expect(begun.filter((seed) => seed !== 1)[0]).toBe(50);
  });
});

/** Bytes of what is kept of samples. */
function bytesKept(samples: readonly Sample[]): number {
  const kept = samples.flatMap((sample) => [...(sample.kept?.rows.values() ?? [])].flat());
  return kept.flatMap(({ residuals }) => residuals).reduce((sum, { data }) => sum + data.byteLength, 0);
}
