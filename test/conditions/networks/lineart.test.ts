import { describe, expect, it } from 'vitest';
import type { AnnotatorSource } from '../../../src/conditions/contract/condition.ts';
import { lineart } from '../../../src/conditions/lineart/lineart.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { pulledLines } from '../../../src/conditions/lineart/network-lines.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import { readCatalog } from '../../../src/models/pull/catalog.ts';
import { modelCatalog } from '../../../src/config/package-files.ts';
import { channel, differences, networks as bundled } from '../../support/annotators.ts';
import { answering, networksFrom, photo, readGolden } from './reference.ts';

/** `lines` is 255 where ink is, as the preprocessors of ControlNet give it. */
type Reference = Readonly<
  Record<string, { readonly size: readonly [number, number]; readonly lines: readonly number[] }>
>;

const reference = readGolden<Reference>('lineart.json');
const catalog = await readCatalog(modelCatalog);
const settingsOf = (id: string) => ({ 'annotator.json': catalog.find((entry) => entry.id === id)!.annotator });
const networks = networksFrom({
  lineart: { file: 'lineart.onnx', settings: settingsOf('lineart') },
  'lineart-anime': { file: 'lineart-anime.onnx', settings: settingsOf('lineart-anime') },
});

/** Sizes at which a network saw its picture. */
function watched(source: AnnotatorSource, sizes: (readonly number[])[]): AnnotatorSource {
  return {
    annotator: async (id) => {
      const network = await source.annotator(id);
      return {
        ...network,
        run: async (inputs) => {
          sizes.push(...Object.values(inputs).map(({ dims }) => dims.slice(2).toReversed()));
          return await network.run(inputs);
        },
      };
    },
  };
}

describe.each(['lineart', 'lineart-anime'])('lines by the pulled network %s', (id) => {
  it('are those of the reference, with what the catalog says of it', async () => {
    const sizes: (readonly number[])[] = [];
    const { map, warnings } = await lineart.extract(photo, { network: id, resolution: 512 }, watched(networks, sizes));
    expect(sizes).toEqual([reference[id]!.size]);
    // Values of 8 bits, rounded; resizing the picture rounds before that.
    expect(differences(channel(map), reference[id]!.lines).worst).toBeLessThan(1.1);
    expect(warnings).toEqual([]);
  });
});

describe('a network that draws lines', () => {
  const small = (width: number, height: number) => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => photo.data[i % photo.data.length]!);
    return { width, height, data };
  };

  it.each([
    [150, 110, 64, [88, 64]],
    [1, 1, 512, [32, 32]],
    [1, 400, 512, [32, 400]],
    [40_000, 1, 512, [32_768, 32]],
  ])('sees a picture of %i x %i at a resolution of %i as %j', async (width, height, resolution, expected) => {
    const sizes: (readonly number[])[] = [];
    const lines = await pulledLines(small(width, height), 'lineart', watched(networks, sizes), resolution);
    expect(sizes).toEqual([expected]);
    expect(lines).toHaveLength(width * height);
  });

  it('may draw in white on black, in any range', async () => {
    const plane = { drawing: { dims: [1, 1, 1, 2], data: Float32Array.of(-4, 4) } };
    const source = answering(plane, { 'annotator.json': { schema: 1, output: { range: [-4, 4], lines: 'bright' } } });
    const lines = await pulledLines(small(2, 1), 'x', source, 512);
    expect([...lines]).toEqual([0, 1]);
    expect([...(await pulledLines(small(2, 1), 'x', answering(plane), 512))]).toEqual([1, 0]);
  });

  it('is refused where it draws nothing, or its annotator.json cannot be followed', async () => {
    const label = { label: { dims: [1, 9], data: new Float32Array(9) } };
    await expect(pulledLines(photo, 'x', answering(label), 512)).rejects.toThrow(/to be a network that draws lines/);
    const wrong = { 'annotator.json': { schema: 1, output: { range: [1, 0] } } };
    await expect(pulledLines(photo, 'x', answering(label, wrong), 512)).rejects.toThrow(/annotator\.json of x .*lower/);
    const misspelt = { 'annotator.json': { schema: 1, input: { ensure_multiple: 4 } } };
    await expect(pulledLines(photo, 'x', answering(label, misspelt), 512)).rejects.toThrow(/ensure_multiple/);
    const blank = answering({ paper: { dims: [1, 1, 1], data: Float32Array.of(1) } });
    const map = await lineart.extract(photo, { network: 'x', resolution: 512 }, blank);
    expect(map.blank).toBe('lineart: the network x drew no lines; send another picture.');
  });

  it('has no use for the options of the kernels, nor these for its resolution', () => {
    const parse = (options: object) => parseOptions(conditions.lineart, options);
    expect(parse({ network: 'lineart' })).toEqual({ network: 'lineart', resolution: 512 });
    expect(parse({})).toEqual({ method: 'xdog', thickness: 1, intensity: 1, threshold: 8 });
    expect(() => parse({ network: 'lineart', method: 'xdog' })).toThrow(/method .*no effect with a network/);
    expect(() => parse({ resolution: 300 })).toThrow(/resolution .*no effect without a network/);
  });

  it('that is not there says how it is brought', async () => {
    const missing = lineart.extract(photo, { network: 'lineart-coarse', resolution: 512 }, bundled);
    await expect(missing).rejects.toMatchObject({ code: 'model_missing' });
    await expect(missing).rejects.toThrow(/armature models pull lineart-coarse$/);
  });
});
