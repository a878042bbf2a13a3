import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WeightRef, Weights } from '../../src/graph/weights.ts';
import { inferImageEncoderConfig } from '../../src/weights/configs/image-encoder-config.ts';
import { openImageEncoder } from '../../src/weights/layouts/image-encoder.ts';
import { openIpAdapterFile } from '../../src/weights/layouts/ip-adapter-file.ts';
import { openSafetensors, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import { smallModelPath } from '../support/golden.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { float32Tensor, type WrittenTensor, writeSafetensors } from './write-safetensors.ts';

const folder = temporaryFolder();

function shaped(shapes: Readonly<Record<string, readonly number[]>>): Weights {
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, { shape } as WeightRef]));
}

/** The shapes of a vision tower, as far as they tell what it is. */
function tower(width: number, inner: number, layers: number, projection: number): Weights {
  return shaped({
    'vision_model.embeddings.patch_embedding.weight': [width, 3, 14, 14],
    'vision_model.embeddings.position_embedding.weight': [257, width],
    ...Object.fromEntries(
      Array.from({ length: layers }, (_, layer) => [
        `vision_model.encoder.layers.${layer}.mlp.fc1.weight`,
        [inner, width],
      ]),
    ),
    'visual_projection.weight': [projection, width],
  });
}

describe('an image encoder as a single file', () => {
  it.each([
    ['ViT-L', 1024, 4096, 24, 768, 'quick_gelu'],
    ['ViT-H', 1280, 5120, 32, 1024, 'gelu'],
    ['bigG', 1664, 8192, 48, 1280, 'gelu'],
  ] as const)('is %s by its shapes', (_, width, inner, layers, projection, activation) => {
    expect(inferImageEncoderConfig(tower(width, inner, layers, projection), 'file')).toEqual({
      hiddenSize: width,
      intermediateSize: inner,
      layers,
      heads: 16,
      activation,
      layerNormEps: 1e-5,
      imageSize: 224,
      patchSize: 14,
      projectionWidth: projection,
    });
  });

  it('of another width needs a config.json', () => {
    expect(() => inferImageEncoderConfig(tower(32, 128, 3, 28), 'small')).toThrow(/small is 32 wide.*config\.json/);
  });
});

describe('an image encoder as a folder', () => {
  it('is taken with the numbers of its places, as older releases of transformers store them', async () => {
    const published = smallModelPath('adapters', 'ip_adapter', 'image_encoder');
    const old = join(folder, 'old-encoder');
    cpSync(published, old, { recursive: true });
    const file = await openSafetensors(join(published, 'model.safetensors'));
    const tensors = await Promise.all(
      [...file.tensors].map(async ([name, { shape }]): Promise<readonly [string, WrittenTensor]> => [
        name,
        float32Tensor(shape, await readTensor(file, name)),
      ]),
    );
    const places = BigInt64Array.from({ length: 5 }, (_, place) => BigInt(place));
    writeSafetensors(join(old, 'model.safetensors'), {
      ...Object.fromEntries(tensors),
      'vision_model.embeddings.position_ids': { dtype: 'I64', shape: [1, 5], bytes: new Uint8Array(places.buffer) },
    });
    const expected = (await openImageEncoder(published)).encoder;
    const { encoder } = await openImageEncoder(old);
    expect(encoder.config).toEqual(expected.config);
    expect([...encoder.weights.keys()].toSorted()).toEqual([...expected.weights.keys()].toSorted());
  });
});

describe('an IP-Adapter', () => {
  const written = async (change: (name: string) => string | null): Promise<unknown> => {
    const { tensors } = await openSafetensors(smallModelPath('adapters', 'ip_adapter', 'ip-adapter_sd15.safetensors'));
    const renamed = [...tensors].flatMap(([name, { shape }]): readonly (readonly [string, WrittenTensor])[] => {
      const other = change(name);
      const count = shape.reduce((product, side) => product * side, 1);
      return other === null
        ? []
        : [
            [
              other,
              float32Tensor(
                shape,
                Array.from({ length: count }, () => 0),
              ),
            ],
          ];
    });
    const path = join(folder, 'one.safetensors');
    writeSafetensors(path, Object.fromEntries(renamed));
    return (await openIpAdapterFile(path)).adapter.config;
  };

  it('has its attentions in the order of their numbers, 9 before 11', async () => {
    const config = (await written((name) => name)) as { readonly widths: readonly number[] };
    expect(config.widths).toEqual([8, 8, 12, 12, 16, 16, 16, 16, 16, 12, 12, 12, 8, 8, 8, 16]);
  });

  it('is refused where a number is missing', async () => {
    const dropped = written((name) => (name.startsWith('ip_adapter.9.') ? null : name));
    await expect(dropped).rejects.toThrow(/to be 1, 3, 5 and so on but one is 11/);
  });

  it('is refused with a tensor that has no use', async () => {
    const other = written((name) => name.replace('ip_adapter.31.to_v_ip', 'ip_adapter.31.to_q_ip'));
    await expect(other).rejects.toThrow(/ip_adapter\.31/);
  });
});
