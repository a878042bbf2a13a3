import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DrawingState } from '../../src/drawing/checkpoint-port.ts';
import type { ExtractionPlan } from '../../src/generation/kinds/extraction/plan.ts';
import type { StoredJson } from '../../src/generation/stored-json.ts';
import { storedPlan } from '../../src/generation/kinds/kinds.ts';
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
const stored = storedPlan.write(plan);

/** A state with all that one can hold: nested arrays, null, odd lengths, numbers that JSON must not round. */
function state(): DrawingState {
  const generator = new TorchGenerator(7);
  generator.randn([3]);
  return {
    step: 3,
    pictures: [
      {
        pass: 1,
        state: {
          evaluation: 3,
          latents: Float32Array.of(0.1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-45),
          memory: { predictions: [Float32Array.of(1, 2), null], lastSample: null, lastOrder: 2 },
          noise: generator.save(),
        },
      },
      { pass: 0, left: { image: { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) } } },
    ],
    warnings: ['prompt is long'],
    batches: [1, 2],
  };
}

describe('a checkpoint as bytes', () => {
  it('gives back the state, bit for bit', () => {
    const bytes = encodeCheckpoint(state(), stored);
    expect(decodeCheckpoint(bytes, stored)).toEqual(state());
    // A store may give a view of a larger buffer, at any offset.
    const shifted = Buffer.concat([Buffer.of(0), bytes]).subarray(1);
    expect(decodeCheckpoint(shifted, stored)).toEqual(state());
  });

  it('is refused where it is cut short or damaged, at whatever place', () => {
    const bytes = encodeCheckpoint(state(), stored);
    for (const length of [0, 7, 31, 32, 44, bytes.length - 1]) {
      expect(() => decodeCheckpoint(bytes.subarray(0, length), stored)).toThrow(/cut short or damaged/);
    }
    for (let at = 0; at < bytes.length; at += 97) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1;
      expect(() => decodeCheckpoint(damaged, stored)).toThrow(/cut short or damaged/);
    }
  });

  it('is refused for another plan', () => {
    const bytes = encodeCheckpoint(state(), stored);
    const other: ExtractionPlan = { ...plan, condition: 'depth' };
    expect(() => decodeCheckpoint(bytes, storedPlan.write(other))).toThrow(/another plan/);
  });
});

describe('a checkpoint of version 1', () => {
  // Written by the release that had it.
  const bytes = readFileSync(new URL('./fixtures/checkpoint-1.bin', import.meta.url));
  // Stored plans had no version then.
  const unversioned = (given: ExtractionPlan) => given as unknown as StoredJson<'plan'>;

  it('is read as one of today, with all samples in the one pass', () => {
    const generator = new TorchGenerator(7);
    generator.randn([3]);
    const noise = generator.save();
    const memory = { predictions: [Float32Array.of(1, 2), null], lastSample: null, lastOrder: 2 };
    expect(decodeCheckpoint(bytes, unversioned(plan))).toEqual({
      step: 3,
      pictures: [
        { pass: 0, state: { evaluation: 3, latents: Float32Array.of(0.1, -0, 1e-45), memory, noise } },
        { pass: 0, state: { evaluation: 4, latents: Float32Array.of(1, 2, 3), memory: {}, noise } },
      ],
      warnings: [],
      batches: [2, 2],
    });
  });

  it('serves its own plan alone', () => {
    expect(() => decodeCheckpoint(bytes, unversioned({ ...plan, condition: 'depth' }))).toThrow(/another plan/);
  });
});

describe('a checkpoint of a newer version', () => {
  it('is not read', () => {
    const bytes = Buffer.from(encodeCheckpoint(state(), stored));
    const at = bytes.indexOf('"version":2');
    bytes.write('"version":9', at);
    const content = bytes.subarray(0, bytes.length - 32);
    const newer = Buffer.concat([content, createHash('sha256').update(content).digest()]);
    expect(() => decodeCheckpoint(newer, stored)).toThrow('It has version 9; expected at most 2.');
  });
});
