import { describe, expect, it } from 'vitest';
import { preprocess, readPreprocessor } from '../../../src/conditions/networks/preprocessor.ts';
import { pulledLabels, readClasses } from '../../../src/conditions/seg/network-labels.ts';
import { ade20k } from '../../../src/conditions/seg/ade20k.ts';
import { triangle } from '../../../src/numeric/resample.ts';
import { differences } from '../../support/annotators.ts';
import { answering, networksFrom, photo, readGolden } from './reference.ts';

interface Reference {
  readonly 'preprocessor_config.json': unknown;
  readonly 'config.json': unknown;
  readonly input: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly output: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly labels: readonly number[];
  /** Pixels whose two best classes score alike. */
  readonly undecided: number;
}

const reference = readGolden<Reference>('segformer.json');
const { input, output, labels, undecided, ...settings } = reference;
const networks = networksFrom({ seg: { file: 'segformer.onnx', settings } });

describe('segmentation by a pulled network', () => {
  it('sees the picture as the reference does', () => {
    const defaults = { side: 512, multiple: 1, keepAspect: false, filter: triangle };
    const { dims, data } = preprocess(photo, readPreprocessor(settings['preprocessor_config.json'], 'seg', defaults));
    expect(dims).toEqual(input.dims);
    expect(differences(data, input.data).worst).toBeLessThan(1e-5);
  });

  it('gives what the reference gives', async () => {
    const network = await networks.annotator('seg');
    const { logits } = await network.run({ pixel_values: { dims: input.dims, data: Float32Array.from(input.data) } });
    expect(logits!.dims).toEqual(output.dims);
    // Scores of -30 to 30, of which five decimals were kept.
    expect(differences(logits!.data, output.data).worst).toBeLessThan(1e-3);
  });

  it('has the class of the reference in every pixel where one leads', async () => {
    const found = await pulledLabels(photo, 'seg', networks);
    expect(found.labels).toHaveLength(photo.width * photo.height);
    const other = found.labels.filter((label, i) => label !== labels[i]).length;
    expect(other).toBeLessThanOrEqual(undecided);
    expect(new Set(found.labels).size).toBe(new Set(labels).size);
  });

  it('names its classes as ADE20K does where it can', () => {
    const classes = readClasses(settings['config.json'], 'seg');
    const pairs = classes.map(({ name, match }) => `${name}: ${match?.name ?? 'none'}`);
    expect(pairs.join('; ')).toBe(
      'wall: wall; sky: sky; floor, flooring: floor; person: person; bed: bed; windowpane: windowpane; no such thing: none; ' +
        'tree: tree; sofa: sofa; car: car; crt screen: crt screen; grass: grass',
    );
  });

  it('goes by the numbers where the names are ADE20K’s in its order', () => {
    const names = ade20k.map(({ name }, i) => (i % 5 === 4 ? `Other word ${i}` : name));
    const classes = readClasses({ id2label: Object.assign({}, names) }, 'seg');
    expect(classes.map(({ match }) => match)).toEqual(ade20k);
    const shuffled = readClasses({ id2label: Object.assign({}, names.toReversed()) }, 'seg');
    expect(shuffled.filter(({ match }) => match === null)).toHaveLength(30);
  });

  it('takes labels instead of scores, at any size', async () => {
    const config = { 'config.json': { id2label: { 0: 'wall', 1: 'sky' } } };
    const plane = { dims: [1, 2, 1], data: Float32Array.of(1, 0) };
    const found = await pulledLabels(photo, 'x', answering({ labels: plane }, config));
    expect([found.labels[0], found.labels.at(-1)]).toEqual([1, 0]);
  });

  it('refuses what has no names, too many classes, or another number of them than the network', async () => {
    const scores = { dims: [1, 3, 2, 2], data: new Float32Array(12) };
    await expect(pulledLabels(photo, 'x', answering({ scores }))).rejects.toThrow(/config\.json names as id2label/);
    expect(() => readClasses({ id2label: { 300: 'wall' } }, 'x')).toThrow(/1 to 255 classes/);
    const config = { 'config.json': { id2label: { 0: 'wall', 1: 'sky' } } };
    await expect(pulledLabels(photo, 'x', answering({ scores }, config))).rejects.toThrow(/names 2 classes/);
  });
});
