import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { annotatorFile } from '../../../src/conditions/networks/annotator-file.ts';
import { readCatalog } from '../../../src/models/pull/catalog.ts';
import { filesOfEntry, requireWanted } from '../../../src/models/pull/choose-files.ts';
import { readTarget } from '../../../src/models/pull/target.ts';

const catalog = await readCatalog(fileURLToPath(new URL('../../../models/catalog.json', import.meta.url)));

/** Conditions of the product's whole plan; not each is built in every version. */
const conditions =
  /^(canny|softedge|scribble|mlsd|lineart|openpose|depth|normal|seg|mask|tile|blur|inpaint|shuffle|recolor|invert|threshold)$/;

describe('the catalog', () => {
  it('has ids that are its own, types that are conditions, and files that are read here', () => {
    expect(catalog.length).toBeGreaterThan(20);
    expect(new Set(catalog.map(({ id }) => id)).size).toBe(catalog.length);
    for (const { type, files, kind, networks } of catalog) {
      if (typeof type === 'string') expect(type).toMatch(conditions);
      files?.forEach(({ path }) => requireWanted(path));
      expect(networks === undefined).toBe(kind !== 'annotator');
      networks?.forEach(({ file }) => expect(files?.map(({ path }) => path)).toContain(file));
    }
  });

  it('says of annotators what extractors understand', () => {
    for (const { id, kind, annotator } of catalog) {
      if (annotator === undefined) continue;
      expect(kind).toBe('annotator');
      expect(() => annotatorFile.parse(annotator), id).not.toThrow();
    }
  });

  it('says of each model and LoRA of few steps how it was distilled, and of nothing else', () => {
    const fewSteps = /lcm|tcd|turbo|lightning|hyper/;
    for (const { id, kind, distilled } of catalog) {
      expect(distilled, id).toBe(fewSteps.exec(id)?.[0]);
      if (distilled !== undefined) expect(['base', 'lora']).toContain(kind);
    }
  });

  it('has for each entry its own variant', () => {
    for (const entry of catalog.filter(({ files }) => files !== null)) {
      expect(filesOfEntry(entry, entry.variant).length).toBeGreaterThan(0);
    }
    const depth = catalog.find(({ id }) => id === 'depth-anything-v2-small')!;
    expect(filesOfEntry(depth, 'fp16')).toEqual(['preprocessor_config.json', 'onnx/model_fp16.onnx']);
    expect(() => filesOfEntry({ ...depth, files: [{ path: 'a.onnx', variant: 'full' }] }, 'fp16')).toThrow(/not fp16/);
  });
});

describe('what is to be pulled', () => {
  it('is an entry by its id, by its repository, and by a file of it', () => {
    expect(readTarget('control-sd15-canny', catalog)).toMatchObject({
      id: 'control-sd15-canny',
      repo: 'lllyasviel/control_v11p_sd15_canny',
      revision: 'main',
    });
    expect(readTarget('lllyasviel/control_v11p_sd15_canny', catalog).id).toBe('control-sd15-canny');
    expect(readTarget('thibaud/controlnet-sd21:control_v11p_sd21_hed.safetensors', catalog).id).toBe(
      'control-sd21-softedge',
    );
  });

  it('is any repository, or a file of one, at any revision', () => {
    expect(readTarget('Some-One/My_Model', catalog, 'v2')).toEqual({
      id: 'my_model',
      repo: 'Some-One/My_Model',
      revision: 'v2',
      file: null,
      entry: null,
    });
    expect(readTarget('a/b:sub/Edges V1.safetensors', catalog)).toMatchObject({
      id: 'edges-v1',
      file: 'sub/Edges V1.safetensors',
    });
    expect(readTarget('a/b:diffusion_pytorch_model.safetensors', catalog).id).toBe('b');
    // A repository with several entries is none of them.
    expect(readTarget('thibaud/controlnet-sd21', catalog).entry).toBeNull();
  });

  it.each(['nope', '', 'a/b/c', 'a/b:', 'a b/c', 'https://example.com/a', 'a/b:../c', 'a/b:c\\d'])(
    'is not %j',
    (text) => {
      expect(() => readTarget(text, catalog)).toThrow(/catalog/);
    },
  );
});
