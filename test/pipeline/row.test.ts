import { describe, expect, it } from 'vitest';
import { controlWeights } from '../../src/pipeline/controls/control-weights.ts';
import type { SampleControl } from '../../src/pipeline/controls/sample-control.ts';
import type { Role } from '../../src/generation/row-roles.ts';
import { throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { rowOf, type RowQuestion } from '../../src/pipeline/row.ts';

const inputs = { map: { width: 1, height: 1, data: new Uint8Array(3) }, region: null, remarks: [] };

function control(weights: SampleControl['weights']): SampleControl {
  return { acts: 'residuals', network: 'net', every: 1, hint: new Float32Array(), start: 0, end: 1, weights, inputs };
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
  });
});
