import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { ImageEncoderConfig } from '../../graph/configs.ts';
import type { Weights } from '../../graph/weights.ts';
import { type ConfigSource, parseConfig, type RawConfig, shown } from './raw-config.ts';

const size = z.number().int().positive().max(1_000_000);
/** Defaults are those of CLIPVisionConfig in transformers. */
const schema = z.object({
  hidden_size: size.default(768),
  intermediate_size: size.default(3072),
  projection_dim: size.default(512),
  num_hidden_layers: size.min(2).max(1000).default(12),
  num_attention_heads: size.default(12),
  num_channels: z.literal(3).default(3),
  image_size: size.max(2048).default(224),
  patch_size: size.default(32),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
});

/** The config of a CLIPVisionModelWithProjection. Throws `model_invalid` or, for another encoder, `not_supported_yet`. */
export function parseImageEncoderConfig(raw: RawConfig, source: ConfigSource): ImageEncoderConfig {
  const kind = raw['model_type'] ?? 'clip_vision_model';
  if (kind !== 'clip_vision_model') {
    throw new ArmatureError('not_supported_yet', `${source} is a ${shown(kind)}; clip_vision_model is supported.`);
  }
  const parsed = parseConfig(schema, raw, source);
  const contradiction =
    parsed.hidden_size % parsed.num_attention_heads === 0
      ? parsed.image_size % parsed.patch_size === 0
        ? null
        : `pictures of ${parsed.image_size} pixels in patches of ${parsed.patch_size}`
      : `${parsed.hidden_size} channels in ${parsed.num_attention_heads} heads`;
  if (contradiction !== null) {
    throw new ArmatureError('model_invalid', `The settings in ${source} contradict: ${contradiction}.`);
  }
  return {
    hiddenSize: parsed.hidden_size,
    intermediateSize: parsed.intermediate_size,
    layers: parsed.num_hidden_layers,
    heads: parsed.num_attention_heads,
    activation: parsed.hidden_act,
    layerNormEps: parsed.layer_norm_eps,
    imageSize: parsed.image_size,
    patchSize: parsed.patch_size,
    projectionWidth: parsed.projection_dim,
  };
}

/** What shapes do not say of the published towers, by their widths: ViT-L, ViT-H and bigG. */
const published: ReadonlyMap<number, Pick<ImageEncoderConfig, 'heads' | 'activation'>> = new Map([
  [1024, { heads: 16, activation: 'quick_gelu' }],
  [1280, { heads: 16, activation: 'gelu' }],
  [1664, { heads: 16, activation: 'gelu' }],
]);

/** The same from the weights of a single file, by transformers' names. Throws `model_invalid` where they are those of none that is published. */
export function inferImageEncoderConfig(weights: Weights, source: string): ImageEncoderConfig {
  const sizeOf = (name: string, axis: number): number => {
    const found = weights.get(name)?.shape[axis];
    if (found !== undefined) return found;
    throw new ArmatureError('model_invalid', `Expected a tensor for ${name} in ${source} but it has none.`);
  };
  const patches = 'vision_model.embeddings.patch_embedding.weight';
  const hiddenSize = sizeOf(patches, 0);
  const known = published.get(hiddenSize);
  if (known === undefined) {
    const detail = `The image encoder ${source} is ${hiddenSize} wide: of those without a config.json ${[...published.keys()].join(', ')} are known. Bring its folder with the config.json.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const patchSize = sizeOf(patches, 2);
  const places = sizeOf('vision_model.embeddings.position_embedding.weight', 0);
  const layers = [...weights.keys()].flatMap((name) => /^vision_model\.encoder\.layers\.(\d+)\./.exec(name)?.[1] ?? []);
  return {
    hiddenSize,
    intermediateSize: sizeOf('vision_model.encoder.layers.0.mlp.fc1.weight', 0),
    layers: new Set(layers).size,
    ...known,
    layerNormEps: 1e-5,
    imageSize: patchSize * Math.round(Math.sqrt(places - 1)),
    patchSize,
    projectionWidth: sizeOf('visual_projection.weight', 0),
  };
}
