import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/graph/compiler/index.ts';
import type { Graph, NetworkOptions } from '../../src/graph/builder/graph.ts';
import type { Value } from '../../src/graph/ir/node.ts';
import { evaluate } from '../../src/graph/ir/size.ts';
import { controlNet } from '../../src/graph/networks/controlnet.ts';
import { hintEncoder } from '../../src/graph/networks/hint-encoder.ts';
import { imageEncoder } from '../../src/graph/networks/image-encoder.ts';
import { ipAdapter } from '../../src/graph/networks/ip-adapter.ts';
import { textEncoder } from '../../src/graph/networks/text-encoder.ts';
import { unet } from '../../src/graph/networks/unet.ts';
import { taesdDecoder, taesdEncoder } from '../../src/graph/networks/taesd.ts';
import { upscaler } from '../../src/graph/networks/upscaler.ts';
import { vaeDecoder, vaeEncoder } from '../../src/graph/networks/vae.ts';
import { elementCount } from '../../src/numeric/tensor.ts';
import type { Feeds } from '../../src/runtime/index.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { openImageEncoder } from '../../src/weights/layouts/image-encoder.ts';
import { openIpAdapterFile } from '../../src/weights/layouts/ip-adapter-file.ts';
import { openTaesdCheckpoint } from '../../src/weights/layouts/taesd.ts';
import { openUpscalerFile } from '../../src/weights/layouts/upscaler-file.ts';
import { smallModelPath, maxAbsDifference } from '../support/golden.ts';
import { runOnce } from './golden-model.ts';

const base = await openBaseCheckpoint(smallModelPath('models', 'sd21-tiny'));
const { controlnet } = await openControlNetCheckpoint(smallModelPath('models', 'sd21-tiny', 'controlnet-a'));
const { taesd } = await openTaesdCheckpoint(smallModelPath('models', 'taesd-tiny'));
const { upscaler: enlarging } = await openUpscalerFile(
  fileURLToPath(new URL('upscalers/first-x2.safetensors', import.meta.url)),
);
const prompts = (name: string): string => smallModelPath('adapters', 'ip_adapter', name);
const { encoder } = await openImageEncoder(prompts('image_encoder'));
const { adapter: basic } = await openIpAdapterFile(prompts('ip-adapter_sd15.safetensors'));
const { adapter: plus } = await openIpAdapterFile(prompts('ip-adapter-plus_sd15.safetensors'));
const pooled = { ...controlnet, config: { ...controlnet.config, globalPoolConditions: true } };

/** As in test/golden/models/README.md: with fixed sizes onnxruntime folds more, and rounds elsewhere. */
const tolerance = 5e-5;

/** Sizes that halving does not divide, and no two alike, so that no expression stands for another. */
const sizes = { rows: 2, height: 6, width: 10, tokens: 5 };
const ranks = unet(base.unet, { branches: 'all' }).inputs.flatMap(({ value: { shape } }) => {
  const [size] = shape;
  return typeof size === 'object' && size.kind === 'name' && size.name.endsWith('.rank') ? [[size.name, 3]] : [];
});
const places = unet(base.unet, { imagePrompts: 2 }).inputs.flatMap(({ name }) =>
  name.startsWith('image_weight.') ? [[`${name}.places`, 1]] : [],
);
const pictureSizes = {
  ...sizes,
  'image.height': 49,
  'image.width': 83,
  'image_tokens.0': 7,
  'image_tokens.1': 4,
  ...Object.fromEntries([...ranks, ...places]),
};

const networks: Readonly<Record<string, (options: NetworkOptions) => Graph>> = {
  UNet: (options) => unet(base.unet, options),
  'UNet with branches': (options) => unet(base.unet, { ...options, branches: 'all' }),
  'UNet with image prompts': (options) => unet(base.unet, { ...options, imagePrompts: 2 }),
  'image encoder': (options) => imageEncoder(encoder, options),
  'IP-Adapter': (options) => ipAdapter(basic, options),
  'IP-Adapter Plus': (options) => ipAdapter(plus, { ...options, length: 17 }),
  ControlNet: (options) => controlNet(controlnet, options),
  'pooled ControlNet': (options) => controlNet(pooled, options),
  'hint encoder': (options) => hintEncoder(controlnet, options),
  'text encoder': (options) => textEncoder(base.textEncoders[0], options),
  'TAESD decoder': (options) => taesdDecoder(taesd, options),
  'TAESD encoder': (options) => taesdEncoder(taesd, options),
  'text encoder with learned words': (options) => textEncoder(base.textEncoders[0], { ...options, learned: true }),
  upscaler: (options) => upscaler(enlarging, options),
  'VAE decoder': (options) => vaeDecoder(base.vae, options),
  'VAE encoder': (options) => vaeEncoder(base.vae, options),
};

/** Numbers for every input; a residual is one zero. */
function feeds(graph: Graph): Feeds {
  return Object.fromEntries(
    graph.inputs.map(({ name, value: { shape, type } }) => {
      const dims = name.startsWith('residual.') ? [1, 1, 1, 1] : shape.map((size) => evaluate(size, pictureSizes));
      if (type === 'int32') return [name, { dims, data: new Int32Array(elementCount(dims)).map((_, i) => i % 50) }];
      return [name, { dims, data: new Float32Array(elementCount(dims)).map((_, i) => Math.sin(i)) }];
    }),
  );
}

describe.each(Object.entries(networks))('%s', (_, build) => {
  test('has the shapes that onnxruntime computes, node for node', async () => {
    const graph = build({});
    const results = graph.operations.flatMap((operation) => operation.results);
    results.forEach((value, index) => graph.output(`result.${index}`, value, labels(value, index)));
    const outputs = await runOnce(compile(graph), feeds(graph));
    expect(results.length).toBeGreaterThan(10);
    for (const [index, { shape, node }] of results.entries()) {
      const name = node.kind === 'operation' ? `${node.name}, result ${index}` : '';
      const expected = shape.map((size) => evaluate(size, pictureSizes));
      expect(outputs[`result.${index}`]?.dims, name).toEqual(expected);
    }
  });

  test('is built with fixed sizes too, and gives the same numbers within rounding', async () => {
    const graph = build({ sizes: pictureSizes });
    const shapes = graph.operations.flatMap((operation) => operation.results.map(({ shape }) => shape));
    expect(shapes.flat().filter((size) => typeof size !== 'number')).toEqual([]);
    const fixed = await runOnce(compile(graph), feeds(graph));
    const open = await runOnce(compile(build({})), feeds(graph));
    expect(Object.keys(fixed)).toEqual(Object.keys(open));
    for (const [name, { dims, data }] of Object.entries(open)) {
      expect(fixed[name]?.dims).toEqual(dims);
      expect(maxAbsDifference(fixed[name]?.data ?? [], data), name).toBeLessThan(tolerance);
    }
  });
});

/** Sizes that are not known keep no name of the graph's: each result has its own. */
function labels({ shape }: Value, index: number): readonly (number | string)[] {
  return shape.map((size, axis) => (typeof size === 'number' ? size : `result.${index}.${axis}`));
}
