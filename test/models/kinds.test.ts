import { describe, expect, it } from 'vitest';
import type { ModelKind } from '../../src/models/kinds/contract/kind.ts';
import { modelKinds, folderOfFiles } from '../../src/models/kinds/kinds.ts';

describe('kinds of models', () => {
  it('carry the id of their row, and tables with a cell for each head', () => {
    for (const [id, kind] of Object.entries(modelKinds)) expect(kind.id).toBe(id);
    const annotator = {
      id: 'lines',
      title: 'Lines',
      conditions: [],
      option: 'lines',
      licence: null,
      bundled: false,
      state: 'missing',
      pull: 'armature models pull lines',
    } as const;
    const { heads, cells } = modelKinds.annotator;
    expect(cells(annotator)).toEqual(['lines', '?', 'unknown', 'armature models pull lines']);
    expect(heads).toHaveLength(cells(annotator).length);
  });

  it('are pulled into the folder of their kind, by their files', () => {
    expect(folderOfFiles(['config.json', 'onnx/model.onnx'])).toBe('annotators');
    expect(folderOfFiles(['unet/diffusion_pytorch_model.safetensors', 'model_index.json'])).toBeNull();
  });

  it('that need a type are those that controls are given to', () => {
    expect(
      Object.values<ModelKind<never>>(modelKinds).flatMap(({ id, typedBy }) => (typedBy === undefined ? [] : [id])),
    ).toEqual(['controlnet', 'adapter']);
  });
});
