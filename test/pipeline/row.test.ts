import { describe, expect, it } from 'vitest';
import { controlWeights } from '../../src/pipeline/controls/control-weights.ts';
import type { SampleControl } from '../../src/pipeline/controls/sample-control.ts';
import { rowOf } from '../../src/pipeline/row.ts';

const inputs = { map: { width: 1, height: 1, data: new Uint8Array(3) }, region: null, remarks: [] };

function control(weights: SampleControl['weights']): SampleControl {
  return { acts: 'residuals', network: 'net', hint: new Float32Array(), start: 0, end: 1, weights, inputs };
}

describe('the controls of a row', () => {
  const everywhere = control(controlWeights('prompt', 0.5, 3));
  const promptOnly = control(controlWeights('control', 0.5, 3));

  it('weigh by its role', () => {
    expect(rowOf('prompt', {}, [everywhere, promptOnly]).controls).toEqual([
      { control: everywhere, weights: everywhere.weights.prompt },
      { control: promptOnly, weights: promptOnly.weights.prompt },
    ]);
    expect(rowOf('negative', {}, [everywhere, promptOnly]).controls).toEqual([
      { control: everywhere, weights: everywhere.weights.others },
    ]);
  });

  it('leave out what acts nowhere', () => {
    expect(rowOf('prompt', {}, [control(controlWeights('balanced', 0, 3))]).controls).toEqual([]);
  });
});
