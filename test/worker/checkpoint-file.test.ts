import { describe, expect, it } from 'vitest';
import type { DrawingState } from '../../src/device/protocol.ts';
import type { ExtractionPlan } from '../../src/generation/plan.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/worker/checkpoint-file.ts';

const plan: ExtractionPlan = {
  kind: 'extraction',
  condition: 'canny',
  image: { key: 'tenants/default/uploads/a', sha256: '00' },
  options: {},
  resolution: null,
  strict: false,
  output: { format: 'png', quality: 90 },
};

/** A state with all that one can hold: nested arrays, null, odd lengths, numbers that JSON must not round. */
function state(): DrawingState {
  const generator = new TorchGenerator(7);
  generator.randn([3]);
  return {
    samples: [
      {
        step: 3,
        latents: Float32Array.of(0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-45),
        scheduler: { predictions: [Float32Array.of(1, 2), null], lastSample: null, lastOrder: 2 },
        noise: generator.save(),
      },
    ],
    images: [null, { seed: 8, image: { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) } }],
    batches: [1, 2],
  };
}

describe('a checkpoint as bytes', () => {
  it('gives back the state, bit for bit', () => {
    const bytes = encodeCheckpoint(state(), plan);
    expect(decodeCheckpoint(bytes, plan)).toEqual(state());
    // A store may give a view of a larger buffer, at any offset.
    const shifted = Buffer.concat([Buffer.of(0), bytes]).subarray(1);
    expect(decodeCheckpoint(shifted, plan)).toEqual(state());
  });

  it('is refused where it is cut short or damaged, at whatever place', () => {
    const bytes = encodeCheckpoint(state(), plan);
    for (const length of [0, 7, 31, 32, 44, bytes.length - 1]) {
      expect(() => decodeCheckpoint(bytes.subarray(0, length), plan)).toThrow(/cut short or damaged/);
    }
    for (let at = 0; at < bytes.length; at += 97) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1;
      expect(() => decodeCheckpoint(damaged, plan)).toThrow(/cut short or damaged/);
    }
  });

  it('is refused for another plan', () => {
    const bytes = encodeCheckpoint(state(), plan);
    expect(() => decodeCheckpoint(bytes, { ...plan, condition: 'depth' })).toThrow(/another plan/);
  });
});
