import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { TextEncoderConfig } from '../../graph/configs.ts';
import { type ConfigSource, parseConfig, type RawConfig, shown } from './raw-config.ts';

const size = z.number().int().positive().max(1_000_000);
/** Defaults are those of CLIPTextConfig in transformers. */
const schema = z.object({
  vocab_size: size.default(49408),
  hidden_size: size.default(512),
  intermediate_size: size.default(2048),
  num_hidden_layers: size.max(1000).default(12),
  num_attention_heads: size.default(8),
  max_position_embeddings: z.literal(77).default(77),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  eos_token_id: z.number().int().nonnegative().default(49407),
  projection_dim: size.default(512),
});

/** How a base model reads a text encoder: from which state, and whether what it projects too. */
export interface TextReading {
  readonly context: TextEncoderConfig['context'];
  readonly projects: boolean;
}

/** Stable Diffusion 1.x and 2.x. */
const lastState: TextReading = { context: 'last', projects: false };

/** A CLIPTextModel's config. Throws `model_invalid` or, for another text encoder, `not_supported_yet`. */
export function parseTextEncoderConfig(
  raw: RawConfig,
  source: ConfigSource,
  { context, projects }: TextReading = lastState,
): TextEncoderConfig {
  const kind = raw['model_type'] ?? 'clip_text_model';
  if (kind !== 'clip_text_model') {
    throw new ArmatureError('not_supported_yet', `${source} is a ${shown(kind)}; clip_text_model is supported.`);
  }
  const parsed = parseConfig(schema, raw, source);
  if (parsed.hidden_size % parsed.num_attention_heads !== 0) {
    const problem = `${parsed.hidden_size} channels in ${parsed.num_attention_heads} heads`;
    throw new ArmatureError('model_invalid', `The settings in ${source} contradict: ${problem}.`);
  }
  return {
    vocabularySize: parsed.vocab_size,
    hiddenSize: parsed.hidden_size,
    intermediateSize: parsed.intermediate_size,
    layers: parsed.num_hidden_layers,
    heads: parsed.num_attention_heads,
    maxPositions: parsed.max_position_embeddings,
    activation: parsed.hidden_act,
    layerNormEps: parsed.layer_norm_eps,
    eosTokenId: parsed.eos_token_id,
    context,
    projectionWidth: projects ? parsed.projection_dim : null,
  };
}
