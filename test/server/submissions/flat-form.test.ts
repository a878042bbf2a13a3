import { describe, expect, test } from 'vitest';
import { flatExtraction, flatGeneration } from '../../../src/server/submissions/flat-form.ts';

const bytes = new Uint8Array([1]);
const conditions = ['canny', 'depth'];

function generation(fields: Record<string, unknown>, files: readonly string[] = []): unknown {
  const form = { fields: new Map(Object.entries(fields)), files: new Map(files.map((name) => [name, bytes])) };
  return flatGeneration(form, conditions);
}

describe('the flat form of a generation', () => {
  test('writes numbers as text and leaves text alone', () => {
    const fields = { prompt: '42', steps: '20', guidance_scale: '7.5', seed: '0', scheduler: 'ddim' };
    expect(generation(fields)).toEqual({ prompt: '42', steps: 20, guidance_scale: 7.5, seed: 0, scheduler: 'ddim' });
  });

  test.each(['', 'ten', '0x10', '1e', 'Infinity'])('leaves %j to the schema, which refuses it', (steps) => {
    expect(generation({ steps })).toEqual({ steps });
  });

  test('writes true and false where a field takes them beside words', () => {
    expect(['true', 'false', 'x', 'maybe'].map((tiling) => generation({ tiling }))).toEqual([
      { tiling: true },
      { tiling: false },
      { tiling: 'x' },
      { tiling: 'maybe' },
    ]);
  });

  test('writes objects as JSON', () => {
    expect(generation({ output: '{"format":"webp"}', metadata: '{"a":[1]}' })).toEqual({
      output: { format: 'webp' },
      metadata: { a: [1] },
    });
    expect(() => generation({ output: 'webp' })).toThrow('Expected the part output to be JSON');
  });

  test('makes a control of each file that is named after a condition', () => {
    expect(generation({ prompt: 'x' }, ['canny', 'depth'])).toEqual({
      prompt: 'x',
      controls: [
        { type: 'canny', image: { part: 'canny' } },
        { type: 'depth', image: { part: 'depth' } },
      ],
    });
  });

  test('takes a file named after a condition with _map behind it as the map that it is', () => {
    expect(generation({ prompt: 'x' }, ['canny', 'depth_map'])).toEqual({
      prompt: 'x',
      controls: [
        { type: 'canny', image: { part: 'canny' } },
        { type: 'depth', image: { part: 'depth_map' }, preprocess: false },
      ],
    });
    expect(() => generation({}, ['lines_map'])).toThrow('lines_map');
  });

  test('leaves a file alone that a written control refers to', () => {
    const controls = [{ type: 'depth', image: { part: 'canny' }, scale: 0.5 }];
    expect(generation({ controls: JSON.stringify(controls) }, ['canny'])).toEqual({ controls });
    expect(generation({ controls: JSON.stringify(controls) }, ['canny', 'depth'])).toEqual({
      controls: [...controls, { type: 'depth', image: { part: 'depth' } }],
    });
  });

  test.each([
    [{ canny: 'photo.jpg' }, [], 'invalid_request', 'canny', '-F canny=@picture.png'],
    [{ promt: 'x' }, [], 'invalid_request', 'promt', 'Did you mean prompt?'],
    [{}, ['cany'], 'invalid_request', 'cany', 'Did you mean canny?'],
    [{}, ['prompt'], 'invalid_request', 'prompt', 'to be text but received a file'],
  ])('refuses parts %j and files %j', (fields, files, code, field, text) => {
    expect(() => generation(fields, files)).toThrow(
      expect.objectContaining({ code, field, message: expect.stringContaining(text) }),
    );
  });

  test('takes whatever stands in controls, for the schema to judge', () => {
    for (const controls of ['null', '7', '[null]', '[{"image":7}]', '{"0":{}}']) {
      expect(generation({ controls })).toEqual({ controls: JSON.parse(controls) });
    }
  });
});

describe('the flat form of an extraction', () => {
  test('has its picture in the file part image', () => {
    const form = { fields: new Map([['options', '{"low_threshold":5}']]), files: new Map([['image', bytes]]) };
    expect(flatExtraction(form)).toEqual({ options: { low_threshold: 5 }, image: { part: 'image' } });
  });

  test('refuses another file', () => {
    expect(() => flatExtraction({ fields: new Map(), files: new Map([['imag', bytes]]) })).toThrow(
      'Did you mean image?',
    );
  });
});
