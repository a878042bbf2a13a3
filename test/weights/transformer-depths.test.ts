import { describe, expect, test } from 'vitest';
import { familyOf } from '../../src/graph/family.ts';
import type { WeightRef } from '../../src/graph/weights.ts';
import { inferControlNetConfig, inferUNetConfig } from '../../src/weights/configs/infer.ts';
import { parseControlNetConfig } from '../../src/weights/configs/controlnet-config.ts';
import { parseUNetConfig } from '../../src/weights/configs/unet-config.ts';

interface Depths {
  readonly down: readonly (readonly number[])[];
  readonly middle: number | 'one block' | 'nothing';
  readonly up: readonly (readonly number[])[];
}

const channels = [320, 640, 1280];

/** Names and shapes of the weights that say what a network of SDXL's widths is. */
function namesOf({ down, middle, up }: Depths): ReadonlyMap<string, WeightRef> {
  const shapes = new Map<string, readonly number[]>([
    ['conv_in.weight', [320, 4, 3, 3]],
    ['conv_out.weight', [4, 320, 3, 3]],
    ['add_embedding.linear_1.weight', [1280, 2816]],
  ]);
  const transformer = (name: string, width: number, layers: number): void => {
    if (layers > 0) shapes.set(`${name}.proj_in.weight`, [width, width]);
    for (let layer = 0; layer < layers; layer++) {
      shapes.set(`${name}.transformer_blocks.${layer}.attn2.to_k.weight`, [width, 2048]);
    }
  };
  const level = (name: string, width: number, depths: readonly number[]): void =>
    depths.forEach((layers, index) => {
      shapes.set(`${name}.resnets.${index}.conv1.weight`, [width, width, 3, 3]);
      transformer(`${name}.attentions.${index}`, width, layers);
    });
  down.forEach((depths, index) => level(`down_blocks.${index}`, channels[index]!, depths));
  up.forEach((depths, index) => level(`up_blocks.${index}`, channels.toReversed()[index]!, depths));
  if (middle !== 'nothing') shapes.set('mid_block.resnets.0.conv1.weight', [1280, 1280, 3, 3]);
  if (typeof middle === 'number') transformer('mid_block.attentions.0', 1280, middle);
  const ref = { file: 'x', dtype: 'F16', byteOffset: 0, byteLength: 0 } as const;
  return new Map([...shapes].map(([name, shape]) => [name, { ...ref, shape }]));
}

const none = [0, 0, 0];
const models = {
  SDXL: {
    down: [
      [0, 0],
      [2, 2],
      [10, 10],
    ],
    middle: 10,
    up: [[10, 10, 10], [2, 2, 2], none],
  },
  'SSD-1B': {
    down: [
      [0, 0],
      [2, 2],
      [4, 4],
    ],
    middle: 'one block',
    up: [[4, 4, 10], [2, 1, 1], none],
  },
  'Segmind-Vega': {
    down: [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
    middle: 'one block',
    up: [[2, 2, 2], [1, 1, 1], none],
  },
  'KOALA 700M': {
    down: [[0], [2], [5]],
    middle: 'nothing',
    up: [
      [5, 5],
      [2, 2],
      [0, 0],
    ],
  },
  'KOALA 1B': {
    down: [[0], [2], [6]],
    middle: 6,
    up: [
      [6, 6],
      [2, 2],
      [0, 0],
    ],
  },
} as const satisfies Readonly<Record<string, Depths>>;

describe('how deep the transformers of a UNet are is read from its weights, not taken from its family', () => {
  test.each(Object.entries(models))('%s', (_, depths) => {
    const config = parseUNetConfig(inferUNetConfig(namesOf(depths), 'x'), 'x');
    expect(config.transformerLayers).toEqual(depths.down);
    expect(config.upTransformerLayers).toEqual(depths.up);
    const residual = depths.middle === 'one block' ? { kind: 'residual' } : { kind: 'none' };
    expect(config.middle).toEqual(
      typeof depths.middle === 'number' ? { kind: 'transformer', layers: depths.middle } : residual,
    );
    expect(config.added).toEqual({ pooledWidth: 1280, ids: 6, idWidth: 256 });
    expect(config.heads).toEqual([5, 10, 20]);
    expect(familyOf(config, 4).name).toBe('sdxl');
  });

  test("as SSD-1B's own config says it, level by level", () => {
    const raw = {
      block_out_channels: channels,
      cross_attention_dim: 2048,
      attention_head_dim: [5, 10, 20],
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      mid_block_type: 'UNetMidBlock2D',
      transformer_layers_per_block: [1, [2, 2], [4, 4]],
      reverse_transformer_layers_per_block: [[4, 4, 10], [2, 1, 1], 1],
    };
    const { transformerLayers, upTransformerLayers, middle } = parseUNetConfig(raw, 'x');
    const { down, up } = models['SSD-1B'];
    expect([transformerLayers, upTransformerLayers, middle]).toEqual([down, up, { kind: 'residual' }]);
    const short = { ...raw, reverse_transformer_layers_per_block: [[4, 4], [2, 1, 1], 1] };
    expect(() => parseUNetConfig(short, 'x')).toThrow('2 transformers in a level of 3 residual blocks');
  });
});

describe('ControlNets of SDXL', () => {
  const hint = new Map(
    ['conv_in', 'blocks.1', 'blocks.3', 'blocks.5'].map((name) => [
      `controlnet_cond_embedding.${name}.weight`,
      { file: 'x', dtype: 'F16', byteOffset: 0, byteLength: 0, shape: [16, 3, 3, 3] } as const,
    ]),
  );
  const read = (depths: Omit<Depths, 'up'>) =>
    parseControlNetConfig(inferControlNetConfig(new Map([...namesOf({ ...depths, up: [] }), ...hint]), 'x'), 'x');

  test.each([
    ['full', models.SDXL.down, 10],
    [
      'mid',
      [
        [0, 0],
        [1, 1],
        [1, 1],
      ],
      1,
    ],
    [
      'small, which attends to no text at all',
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      'one block',
    ],
  ] as const)('%s', (_, down, middle) => {
    const config = read({ down, middle });
    expect(config.transformerLayers).toEqual(down);
    expect(config.middle.kind).toBe(middle === 'one block' ? 'residual' : 'transformer');
    expect(familyOf(config, 4)).toEqual(familyOf(parseUNetConfig(inferUNetConfig(namesOf(models.SDXL), 'x'), 'x'), 4));
  });
});
