import { describe, expect, it } from 'vitest';
import { normal } from '../../../src/conditions/normal/normal.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { pulledNormals } from '../../../src/conditions/normal/network-normals.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import { differences, networks as bundled } from '../../support/annotators.ts';
import { answering, networksFrom, photo, readGolden } from './reference.ts';

interface Reference {
  readonly 'preprocessor_config.json': unknown;
  /** Red, green, blue, unrounded. */
  readonly colours: readonly number[];
}

const { colours, ...settings } = readGolden<Reference>('normal.json');
const networks = networksFrom({ bae: { file: 'normal.onnx', settings } });
const one = { width: 1, height: 1, data: new Uint8Array(3) };

/** The normal of a network that answers every picture with one. */
async function seen(values: readonly number[], output: object): Promise<readonly number[]> {
  const plane = { normal: { dims: [1, values.length, 1, 1], data: Float32Array.from(values) } };
  const found = await pulledNormals(one, 'x', answering(plane, { 'annotator.json': { schema: 1, output } }));
  return [...found].map((value) => Math.round(value * 1000) / 1000 + 0);
}

describe('normals by a pulled network', () => {
  it('are those of the reference: red left, green up, blue to the front', async () => {
    const { map, warnings } = await normal.extract(photo, { network: 'bae', colours: 'normalbae' }, networks);
    expect([map.width, map.height]).toEqual([photo.width, photo.height]);
    // Cut to whole numbers.
    expect(
      differences(
        [...map.data],
        colours.map((value) => value - 0.5),
      ).worst,
    ).toBeLessThan(0.7);
    expect(warnings).toEqual([]);
  });

  it('are the same in the colours of ControlNet 1.0, with red and blue exchanged', async () => {
    const [bae, midas] = await Promise.all(
      (['normalbae', 'midas'] as const).map((kind) =>
        normal.extract(photo, { network: 'bae', colours: kind }, networks),
      ),
    );
    const exchanged = bae!.map.data.map((_, i) => bae!.map.data[i - (i % 3) + 2 - (i % 3)]!);
    expect(midas!.map.data).toEqual(exchanged);
  });

  it('go by what annotator.json says of the network’s axes and range', async () => {
    // As OpenCV's camera has it: x to the right, y down, z away from it.
    expect(await seen([0.6, 0, -0.8, 99], { axes: ['right', 'down', 'back'] })).toEqual([-0.6, 0, 0.8]);
    expect(await seen([0, 0.6, 0.8], { axes: ['front', 'left', 'up'] })).toEqual([0.6, 0.8, 0]);
    expect(await seen([1, 0.5, 0.5], { range: [0, 1] })).toEqual([1, 0, 0]);
    expect(await seen([0, 0, 0], {})).toEqual([0, 0, 1]);
    expect(await seen([0, 0, 7], {})).toEqual([0, 0, 1]);
  });

  it('are refused of what sees none, and of axes that are no three', async () => {
    await expect(seen([1, 0], {})).rejects.toThrow(/to be a network that sees surfaces/);
    await expect(seen([1, 0, 0], { axes: ['left', 'right', 'up'] })).rejects.toThrow(/three different ones/);
  });

  it('have no use for the options of those that are derived from depth', () => {
    const parse = (options: object) => parseOptions(conditions.normal, options);
    expect(parse({})).toEqual({ network: 'fastdepth', colours: 'normalbae', background_threshold: 0.1, strength: 1 });
    expect(parse({ network: 'bae' })).toEqual({ network: 'bae', colours: 'normalbae' });
    expect(() => parse({ network: 'bae', strength: 2 })).toThrow(/strength .*no effect without "network": "fastdepth"/);
  });

  it('of one that is not there say how it is brought', async () => {
    const missing = normal.extract(photo, { network: 'metric3d-vit-small', colours: 'normalbae' }, bundled);
    await expect(missing).rejects.toMatchObject({ code: 'model_missing' });
    await expect(missing).rejects.toThrow(/armature models pull metric3d-vit-small$/);
  });
});
