import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildUNet, deepFeatures, deepShares, injectionPoints } from '../../../src/graph/compiler/index.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { nothing } from '../../../src/pipeline/controls/residuals.ts';
import { openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { arraysOf, floats, maxAbsDifference, smallModelPath } from '../../support/golden.ts';
import { runOnce } from '../golden-model.ts';

const references = arraysOf(fileURLToPath(new URL('references.safetensors', import.meta.url)));
const models = [...new Set([...references.keys()].map((name) => name.split('/')[0]!))];

/** As of test/golden/models. */
const tolerance = 5e-5;

/** The inputs of an evaluation. */
function given(name: string): Record<string, Tensor> {
  const names = [...references.keys()].filter((key) => key.startsWith(`${name}/`) && !key.endsWith('/out'));
  return Object.fromEntries(
    names.map((key) => [
      key.slice(name.length + 1),
      { dims: references.get(key)!.dims, data: floats(references, key) },
    ]),
  );
}

function depthsOf(model: string): readonly number[] {
  return [...references.keys()].flatMap((key) => {
    const [own, depth, part, array] = key.split('/');
    return own === model && part === 'whole' && array === 'out' ? [Number(depth)] : [];
  });
}

describe.each(models)('the UNet of %s that is given what lies deep', async (model) => {
  const { unet } = await openBaseCheckpoint(smallModelPath('models', model));
  const points = injectionPoints(unet.config).map((_, point) => [`residual.${point}`, nothing] as const);
  const features = deepFeatures(unet.config);

  it.each(depthsOf(model))('computes what diffusers does, cut at %i', async (depth) => {
    const whole = buildUNet(unet, { deepCache: { depth, part: 'whole' } });
    const first = await runOnce(whole, { ...given(`${model}/${depth}/whole`), ...Object.fromEntries(points) });
    expect(maxAbsDifference(first['out']!.data, floats(references, `${model}/${depth}/whole/out`))).toBeLessThan(
      tolerance,
    );
    expect(first['deep']!.dims[1]).toBe(features[depth]!.channels);

    const shallow = buildUNet(unet, { deepCache: { depth, part: 'shallow' } });
    const feeds = { ...given(`${model}/${depth}/shallow`), ...Object.fromEntries(points), deep: first['deep']! };
    const taken = Object.fromEntries(Object.entries(feeds).filter(([name]) => shallow.inputs.includes(name)));
    const second = await runOnce(shallow, taken);
    const expected = floats(references, `${model}/${depth}/shallow/out`);
    expect(maxAbsDifference(second['out']!.data, expected)).toBeLessThan(tolerance);
    expect(maxAbsDifference(first['out']!.data, expected)).toBeGreaterThan(100 * tolerance);
    expect(shallow.parameters).toBeLessThan(whole.parameters);
    expect(shallow.inputs.filter((name) => name.startsWith('residual.'))).toHaveLength(depth + 1);
  });

  it('works out the more the deeper it goes, and never all of it', () => {
    const shares = deepShares(unet);
    expect(shares).toHaveLength(features.length);
    expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares[0]).toBeLessThan(0.25);
    expect(shares.at(-1)).toBeLessThan(1);
  });
});
