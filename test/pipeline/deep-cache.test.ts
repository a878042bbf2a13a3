import { describe, expect, it } from 'vitest';
import { row, type Tensor } from '../../src/numeric/tensor.ts';
import { throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import type { DeepCache } from '../../src/pipeline/networks/deep-cache.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../src/pipeline/denoise-loop.ts';
import type { DenoiserInput, NetworkSource, PictureNetworks } from '../../src/pipeline/networks/networks.ts';
import { type Pass, torchNoise } from '../../src/pipeline/pass.ts';
import { rowOf } from '../../src/pipeline/row.ts';
import { isFinished, resumeSample, type Sample, startSample, stateToKeep, stepOf } from '../../src/pipeline/sample.ts';
import { tenthScheduler } from './denoise-loop/toy-sample.ts';

const width = 3;

/** A network that is computed by hand: the prediction is sample/2 + what lies deep, which is sample/10 + timestep/1000 + depth. */
class ByHand implements NetworkSource {
  /** What ran, by the timestep of its first row, and of how many rows. */
  readonly ran: { readonly part: 'all' | 'whole' | 'shallow'; readonly timestep: number; readonly rows: number }[] = [];

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
      residualBytes: () => 0,
      deepBytes: () => width * 4,
      reloadMs: () => 0,
      encode: async () => await Promise.reject(new Error('no picture here')),
      decode: async (latents) => await Promise.resolve(latents),
      denoise: async (input) => {
        this.#note('all', input);
        return await Promise.resolve(predicted(input, deepOf(input, 0)));
      },
      denoiseCut: async (input, _steering, _branches, { depth, deep }) => {
        this.#note(deep === null ? 'whole' : 'shallow', input);
        const own = deep ?? deepOf(input, depth);
        return await Promise.resolve({ prediction: predicted(input, own), deep: own });
      },
    };
  }

  control(): never {
    throw new Error('no control here');
  }

  #note(part: 'all' | 'whole' | 'shallow', { timestep }: DenoiserInput): void {
    this.ran.push({ part, timestep: timestep.data[0]!, rows: timestep.data.length });
  }
}

function deepOf({ sample, timestep }: DenoiserInput, depth: number): Tensor {
  const data = sample.data.map((value, i) => value / 10 + timestep.data[Math.floor(i / width)]! / 1000 + depth);
  return { dims: sample.dims, data };
}

function predicted({ sample }: DenoiserInput, deep: Tensor): Tensor {
  return { dims: sample.dims, data: sample.data.map((value, i) => value / 2 + deep.data[i]!) };
}

interface Asked {
  readonly steps?: number;
  readonly stages?: number;
  readonly seed?: number;
  readonly cache?: DeepCache;
  /** The steps that are guided; all where absent. */
  readonly guided?: (step: number) => boolean;
}

function begin({ steps = 9, stages = 1, seed = 1, cache, guided }: Asked): Sample {
  const conditionings = throughout({ context: { dims: [1, 1], data: Float32Array.of(1) } });
  const asked = (['negative', 'prompt'] as const).map((role) => ({ role, weight: 1, conditionings }));
  const pass: Pass = {
    base: 'toy',
    shape: [1, 1, width],
    scheduler: tenthScheduler(steps, stages),
    guidance: { scale: 3, rescale: 0, actsAt: guided },
    rows: asked.map((question) => rowOf(question, [])),
    structure: '',
    branches: [],
    over: null,
    deepCache: cache,
    noiseFrom: torchNoise([1, 1, width], null),
  };
  return startSample(pass, { seed });
}

async function drawn(samples: readonly Sample[], networks = new ByHand(), memory = 1e9, onTick = (): void => {}) {
  const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 64, workingMemory: memory });
  loop.join(samples.filter((sample) => !isFinished(sample)));
  while (loop.size > 0) {
    await loop.tick();
    onTick();
  }
  return samples.map(({ state }) => state.latents);
}

function timesteps({ ran }: ByHand, part: string): readonly number[] {
  return ran.flatMap((one) => (one.part === part ? [one.timestep] : []));
}

describe('what lies deep', () => {
  it.each<readonly [string, Asked, readonly number[], number]>([
    ['at the steps 0, n, 2n', { cache: { every: 4, depth: 0 } }, [900, 500, 100], 6],
    ['once where n is beyond the steps', { cache: { every: 100, depth: 0 } }, [900], 8],
    [
      'at both evaluations of such a step',
      { steps: 4, stages: 2, cache: { every: 2, depth: 0 } },
      [900, 890, 700, 690],
      4,
    ],
    [
      'where guidance begins, for all rows',
      { cache: { every: 4, depth: 0 }, guided: (step) => step >= 6 },
      [900, 500, 300, 100],
      5,
    ],
    [
      'at no other step where guidance ends',
      { cache: { every: 4, depth: 0 }, guided: (step) => step < 2 },
      [900, 500, 100],
      6,
    ],
  ])('is worked out %s', async (_says, asked, whole, shallow) => {
    const networks = new ByHand();
    await drawn([begin(asked)], networks);
    expect(timesteps(networks, 'whole')).toEqual(whole);
    expect(timesteps(networks, 'shallow')).toHaveLength(shallow);
    expect(timesteps(networks, 'all')).toEqual([]);
  });

  it('is between those what it was last', async () => {
    const sample = begin({ cache: { every: 3, depth: 2 } });
    let latents = sample.state.latents;
    let deep: Float32Array = new Float32Array();
    for (let step = 0; step < 9; step++) {
      if (step % 3 === 0) deep = latents.map((value) => value / 10 + 0.9 - 0.1 * step + 2);
      latents = latents.map((value, i) => value - (value / 2 + deep[i]!) / 10);
    }
    const [result] = await drawn([sample]);
    for (const [i, value] of latents.entries()) expect(result![i]).toBeCloseTo(value, 4);
  });

  it('is each its own: samples are drawn as if alone, whatever they share ticks with', async () => {
    const asked: readonly Asked[] = [
      { cache: { every: 2, depth: 0 }, seed: 1 },
      { cache: { every: 3, depth: 0 }, seed: 2 },
      { cache: { every: 3, depth: 5 }, seed: 3 },
      { seed: 4 },
      { cache: { every: 2, depth: 0 }, seed: 5, steps: 5, guided: (step) => step >= 1 },
    ];
    const networks = new ByHand();
    // Depths change what a network of this kind says, so that a sample without would be another one beside them.
    const alone = await Promise.all(asked.map(async (one) => (await drawn([begin(one)]))[0]));
    const together = await drawn(asked.map(begin), networks);
    for (const [index, latents] of alone.entries()) expect(together[index]).toEqual(latents);
    // In the first tick all that is cut at 0, and what is not cut, goes in one run; at the second those that go on with what is kept are apart.
    expect(networks.ran.slice(0, 2)).toEqual([
      { part: 'whole', timestep: 900, rows: 7 },
      { part: 'whole', timestep: 900, rows: 2 },
    ]);
    expect(networks.ran[2]).toEqual({ part: 'shallow', timestep: 800, rows: 4 });
  });

  it.each<readonly [string, Asked]>([
    ['', { cache: { every: 3, depth: 0 } }],
    [' in two evaluations a step', { cache: { every: 3, depth: 0 }, steps: 5, stages: 2 }],
    [' where guidance begins late', { cache: { every: 4, depth: 0 }, guided: (step) => step >= 5 }],
  ])('is no part of a state: who goes on from one comes to the same%s, bit for bit', async (_says, asked) => {
    const sample = begin(asked);
    const states = new Set([stateToKeep(sample)]);
    const steps: number[] = [];
    const [whole] = await drawn([sample], new ByHand(), 1e9, () => {
      states.add(stateToKeep(sample));
      steps.push(stepOf({ pass: sample.pass, state: stateToKeep(sample) }));
    });
    for (const state of states) {
      expect((await drawn([resumeSample(sample.pass, sample.seeds, state)]))[0]).toEqual(whole);
    }
    expect(states.size).toBeGreaterThan(2);
    expect(sample.kept).toBeNull();
    if (asked.stages === undefined && asked.guided === undefined) expect(steps).toEqual([0, 0, 3, 3, 3, 6, 6, 6, 9]);
  });

  it('has others wait where it does not fit into a half of the memory of steps, and holds nothing else of a batch', async () => {
    const asked = [1, 2, 3].map((seed) => ({ seed, cache: { every: 2, depth: 0 } }));
    const samples = asked.map(begin);
    let most = 0;
    // Two rows of 12 bytes a sample: two samples fit.
    const pictures = await drawn(samples, new ByHand(), 120, () => {
      const keeping = samples.flatMap(({ kept }) => kept ?? []);
      most = Math.max(most, keeping.length);
      for (const { data } of keeping.flatMap(({ deep }) => [...deep.values()])) {
        expect(data.buffer.byteLength).toBe(width * 4);
      }
    });
    expect(most).toBe(2);
    for (const [index, one] of asked.entries()) expect(pictures[index]).toEqual((await drawn([begin(one)]))[0]);
  });
});

it('is handed back as what it was where it is given again', async () => {
  const deep = { dims: [1, 1, 1, width], data: Float32Array.of(1, 2, 3) };
  const input = {
    sample: { dims: [1, 1, 1, width], data: new Float32Array(width) },
    timestep: { dims: [1], data: Float32Array.of(5) },
    conditioning: {},
  };
  const { deep: kept, prediction } = await splitNetworks(new ByHand()).evaluate({
    base: 'toy',
    input,
    steering: [{ controls: [], kept: [] }],
    branches: [[]],
    depths: [{ depth: 0, deep }],
  });
  expect(kept).toEqual([deep]);
  expect(row(prediction, 0)).toEqual(deep.data);
});
