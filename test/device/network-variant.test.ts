import { expect, test } from 'vitest';
import { modelsOf, type NetworkVariant, type Structure, variantKey } from '../../src/device/network-variant.ts';

function plain(network: string, structure: Structure = {}): NetworkVariant {
  return { network, deltas: [], structure, lowering: 'cpu' };
}

const unet = plain('model@hash/unet');

test('a session is told by its network, what is merged into it, its structure and its lowering', () => {
  const variants: readonly NetworkVariant[] = [
    unet,
    plain('model@hash/decoder'),
    plain('model@other/unet'),
    { ...unet, deltas: [{ model: 'a', scale: 1 }] },
    { ...unet, deltas: [{ model: 'a', scale: 0.5 }] },
    {
      ...unet,
      deltas: [
        { model: 'a', scale: 1 },
        { model: 'b', scale: 1 },
      ],
    },
    {
      ...unet,
      deltas: [
        { model: 'b', scale: 1 },
        { model: 'a', scale: 1 },
      ],
    },
    plain('model@hash/unet', { clipSkip: 0 }),
    plain('model@hash/unet', { clipSkip: 1 }),
    plain('model@hash/unet', { pooled: true }),
    plain('model@hash/unet', { clipSkip: 1, pooled: true }),
    plain('model@hash/unet', { tiling: 'x' }),
    plain('model@hash/unet', { tiling: 'both' }),
    plain('model@hash/unet', { tiling: 'x', branches: 'all' }),
  ];
  expect(new Set(variants.map(variantKey)).size).toBe(variants.length);
});

test('equal variants have one key, in whatever order their structure is written', () => {
  const one = plain('model@hash/unet', { clipSkip: 1, pooled: true });
  const other = plain('model@hash/unet', { pooled: true, clipSkip: 1 });
  expect(variantKey(one)).toBe(variantKey(other));
});

test('keys of sessions and of what is kept beside them say whose weights are in memory', () => {
  const merged = { ...plain('base-1.5@0a/unet'), deltas: [{ model: 'my_lora@1b', scale: 0.5 }] };
  const keys = [
    variantKey(merged),
    variantKey(plain('net@2c/pooled/controlnet')),
    'base-1.5@0a/unet/beside@3d/factors',
  ];
  expect(modelsOf(keys)).toEqual(['base-1.5', 'beside', 'my_lora', 'net']);
});
