import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { preprocess, readPreprocessor } from '../../../src/conditions/networks/preprocessor.ts';
import { queryScores, semanticTask, universalInputs } from '../../../src/conditions/seg/query-masks.ts';
import { pulledLabels } from '../../../src/conditions/seg/network-labels.ts';
import { triangle } from '../../../src/numeric/resample.ts';
import { loadTokenizer } from '../../../src/pipeline/tokenizer/load-tokenizer.ts';
import { differences } from '../../support/annotators.ts';
import { answering, networksFrom, photo, readGolden } from './reference.ts';

interface Reference {
  readonly 'preprocessor_config.json': unknown;
  readonly 'config.json': { readonly id2label: Readonly<Record<string, string>> };
  /** Every eighth row and column. */
  readonly input: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly task?: readonly number[];
  /** Of classes, every fourth row and column. */
  readonly scores: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly labels: readonly number[];
  /** Pixels whose two best classes score alike. */
  readonly undecided: number;
}

/** Every `step`th row and column of planes. */
function sampled(data: Float32Array, [height, width]: readonly [number, number], step: number): number[] {
  return [...data].filter((_, i) => (i % width) % step === 0 && (Math.floor(i / width) % height) % step === 0);
}

const defaults = { side: 512, multiple: 1, keepAspect: false, filter: triangle };

describe.each(['oneformer', 'maskformer'])('segmentation by %s', (name) => {
  const reference = readGolden<Reference>(`${name}.json`);
  const networks = networksFrom({ seg: { file: `${name}.onnx`, settings: { ...reference } } });
  const picture = preprocess(photo, readPreprocessor(reference['preprocessor_config.json'], name, defaults));
  const classes = Object.keys(reference['config.json'].id2label).length;

  it('sees the picture as the reference does', () => {
    expect(picture.dims).toEqual(reference.input.dims);
    const [height = 0, width = 0] = picture.dims.slice(-2);
    expect(differences(sampled(picture.data, [height, width], 8), reference.input.data).worst).toBeLessThan(1e-5);
  });

  it('scores its classes as the reference does', async () => {
    const network = await networks.annotator('seg');
    const { task_inputs: task } = universalInputs(picture);
    const given = network.inputs.includes('task_inputs') ? { task_inputs: task! } : {};
    const outputs = await network.run({ pixel_values: picture, ...given });
    const scores = queryScores(Object.values(outputs), classes)!;
    expect(scores.dims).toEqual(reference.scores.dims);
    const [height = 0, width = 0] = scores.dims.slice(-2);
    expect(differences(sampled(scores.data, [height, width], 4), reference.scores.data).worst).toBeLessThan(1e-4);
  });

  it('has the class of the reference in every pixel where one leads', async () => {
    const found = await pulledLabels(photo, 'seg', networks);
    const other = found.labels.filter((label, i) => label !== reference.labels[i]).length;
    expect(other).toBeLessThanOrEqual(reference.undecided);
    expect(new Set(found.labels)).toEqual(new Set(reference.labels));
    expect(new Set(found.labels).size).toBeGreaterThan(1);
  });
});

describe('what universal networks are asked', () => {
  it('is the semantic task, in the tokens of the reference and of CLIP', async () => {
    const { task } = readGolden<Reference>('oneformer.json');
    const picture = { dims: [1, 3, 2, 5], data: new Float32Array(30) };
    const { task_inputs: tokens, pixel_mask: mask } = universalInputs(picture);
    expect([...tokens!.data]).toEqual(task);
    expect(mask).toEqual({ dims: [1, 2, 5], data: new Float32Array(10).fill(1) });
    const clip = await loadTokenizer(fileURLToPath(new URL('../../../models/clip-tokenizer', import.meta.url)));
    const { ids } = clip.tokenize('the task is semantic');
    expect([...ids.subarray(0, semanticTask.length)]).toEqual([...semanticTask]);
  });

  it('is one picture, and nothing that is not known', async () => {
    const settings = { 'config.json': { id2label: { 0: 'wall', 1: 'sky' } } };
    const network = await answering({ labels: { dims: [1, 1, 1], data: new Float32Array(1) } }, settings).annotator(
      'x',
    );
    const asking = { annotator: async () => ({ ...network, inputs: ['pixel_values', 'prompt'] }) };
    await expect(pulledLabels(photo, 'x', asking)).rejects.toThrow(/one picture as its input/);
  });

  it('is told from networks that score classes, whatever the number of outputs', () => {
    const scores = { dims: [1, 2, 3, 3], data: new Float32Array(18) };
    expect(queryScores([scores], 2)).toBeNull();
    const logits = { dims: [1, 5, 4], data: new Float32Array(20) };
    expect(queryScores([logits, scores], 2)).toBeNull();
  });
});
