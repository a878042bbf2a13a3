import { describe, expect, it } from 'vitest';
import { controlWeights } from '../../src/pipeline/controls/control-weights.ts';
import type { SampleControl } from '../../src/pipeline/controls/sample-control.ts';
import type { Role } from '../../src/generation/row-roles.ts';
import type { Region } from '../../src/pixels/region.ts';
import { throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { rowOf, type RowQuestion } from '../../src/pipeline/row.ts';

const inputs = { map: { width: 1, height: 1, data: new Uint8Array(3) }, region: null, remarks: [] };

function control(weights: SampleControl['weights'], region: Region | null = null): SampleControl {
  const hint = new Float32Array();
  return {
    acts: 'residuals',
    network: 'net',
    every: 1,
    hint,
    start: 0,
    end: 1,
    weights,
    inputs: { ...inputs, region },
  };
}

function asked(role: Role): RowQuestion {
  return { role, weight: 1, conditionings: throughout({}) };
}

describe('the controls of a row', () => {
  const everywhere = control(controlWeights('prompt', 0.5, 3));
  const promptOnly = control(controlWeights('control', 0.5, 3));

  it('weigh by its role', () => {
    expect(rowOf(asked('prompt'), [everywhere, promptOnly]).controls).toEqual([
      { control: everywhere, weights: everywhere.weights.prompt, role: 'prompt' },
      { control: promptOnly, weights: promptOnly.weights.prompt, role: 'prompt' },
    ]);
    expect(rowOf(asked('negative'), [everywhere, promptOnly]).controls).toEqual([
      { control: everywhere, weights: everywhere.weights.others, role: 'negative' },
    ]);
  });

  it('leave out what acts nowhere', () => {
    expect(rowOf(asked('prompt'), [control(controlWeights('balanced', 0, 3))]).controls).toEqual([]);
    const in1 = (level: number): SampleControl =>
      control(controlWeights('balanced', 1, 3), { width: 1, height: 1, levels: Uint8Array.of(level) });
    expect(rowOf(asked('prompt'), [in1(0), in1(1)]).controls).toHaveLength(1);
  });
});
