import { ArmatureError } from '../../errors.ts';
import type { Weights } from '../../graph/weights.ts';
import type { RawConfig } from './raw-config.ts';

/** Reads architecture out of the names and shapes of weights that carry diffusers' or transformers' names. */
class Shapes {
  readonly #weights: Weights;
  readonly #source: string;

  constructor(weights: Weights, source: string) {
    this.#weights = weights;
    this.#source = source;
  }

  size(name: string, axis: number): number {
    const size = this.#weights.get(name)?.shape[axis];
    if (size !== undefined) return size;
    throw new ArmatureError('model_invalid', `Expected a tensor for ${name} in ${this.#source} but it has none.`);
  }

  rank(name: string): number | undefined {
    return this.#weights.get(name)?.shape.length;
  }

  /** How many of prefix.0, prefix.1 ... there are. */
  count(prefix: string): number {
    const names = [...this.#weights.keys()].filter((name) => name.startsWith(`${prefix}.`));
    return new Set(names.map((name) => name.slice(prefix.length + 1).split('.', 1)[0])).size;
  }

  has(prefix: string): boolean {
    return this.count(prefix) > 0;
  }

  find(pattern: RegExp): string | undefined {
    return [...this.#weights.keys()].find((name) => pattern.test(name));
  }
}

/**
 * diffusers' config of a UNet, from its weights. Heads and groups leave no trace: SD 1.x has 8, SD 2.x heads of width 64, unless
 * `params` of the original code say otherwise.
 */
export function inferUNetConfig(weights: Weights, source: string, params: RawConfig = {}): RawConfig {
  const shapes = new Shapes(weights, source);
  const levels = shapes.count('up_blocks');
  const encoder = inferEncoder(shapes, source);
  return {
    ...encoder,
    ...headsOf(encoder['block_out_channels'] as readonly number[], params),
    out_channels: shapes.size('conv_out.weight', 0),
    up_block_types: Array.from({ length: levels }, (_, index) =>
      shapes.has(`up_blocks.${index}.attentions`) ? 'CrossAttnUpBlock2D' : 'UpBlock2D',
    ),
  };
}

/** The original code divides a level's channels by the width of a head, where that is given, or else has one number of heads. */
function headsOf(channels: readonly number[], { num_heads: heads, num_head_channels: width }: RawConfig): RawConfig {
  const given = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0;
  if (given(width)) return { attention_head_dim: channels.map((all) => Math.max(1, Math.floor(all / width))) };
  return given(heads) ? { attention_head_dim: heads } : {};
}

/** diffusers' config of a ControlNet, from its weights. */
export function inferControlNetConfig(weights: Weights, source: string): RawConfig {
  const shapes = new Shapes(weights, source);
  if (shapes.has('task_embedding') || shapes.has('control_add_embedding')) {
    throw new ArmatureError('not_supported_yet', `${source} is a union ControlNet: not supported yet.`);
  }
  const hint = 'controlnet_cond_embedding';
  return {
    ...inferEncoder(shapes, source),
    conditioning_channels: shapes.size(`${hint}.conv_in.weight`, 1),
    conditioning_embedding_out_channels: [
      shapes.size(`${hint}.conv_in.weight`, 0),
      ...[1, 3, 5].map((block) => shapes.size(`${hint}.blocks.${block}.weight`, 0)),
    ],
  };
}

function inferEncoder(shapes: Shapes, source: string): RawConfig {
  if (shapes.has('add_embedding')) {
    throw new ArmatureError('not_supported_yet', `${source} is an SDXL model: not supported yet.`);
  }
  const levels = Array.from({ length: shapes.count('down_blocks') }, (_, level) => `down_blocks.${level}`);
  const channels = levels.map((level) => shapes.size(`${level}.resnets.0.conv1.weight`, 0));
  const context = shapes.size(shapes.find(/\.attn2\.to_k\.weight$/) ?? 'attn2.to_k.weight', 1);
  const middle = 'mid_block.attentions.0';
  const depth = (attention: string): number => shapes.count(`${attention}.transformer_blocks`);
  const linear = shapes.rank(`${middle}.proj_in.weight`) === 2;
  return {
    in_channels: shapes.size('conv_in.weight', 1),
    block_out_channels: channels,
    layers_per_block: shapes.count('down_blocks.0.resnets'),
    cross_attention_dim: context,
    attention_head_dim: linear ? channels.map((width) => Math.max(1, Math.floor(width / 64))) : 8,
    transformer_layers_per_block: levels.map((level) => depth(`${level}.attentions.0`) || depth(middle)),
    use_linear_projection: linear,
    down_block_types: levels.map((level) =>
      shapes.has(`${level}.attentions`) ? 'CrossAttnDownBlock2D' : 'DownBlock2D',
    ),
  };
}

/** diffusers' config of an AutoencoderKL, from its weights. The scaling factor is that of SD 1.x and 2.x. */
export function inferVaeConfig(weights: Weights, source: string): RawConfig {
  const shapes = new Shapes(weights, source);
  const levels = shapes.count('encoder.down_blocks');
  return {
    latent_channels: shapes.size('decoder.conv_in.weight', 1),
    in_channels: shapes.size('encoder.conv_in.weight', 1),
    block_out_channels: Array.from({ length: levels }, (_, level) =>
      shapes.size(`encoder.down_blocks.${level}.resnets.0.conv1.weight`, 0),
    ),
    layers_per_block: shapes.count('encoder.down_blocks.0.resnets'),
    mid_block_add_attention: shapes.has('decoder.mid_block.attentions'),
    use_quant_conv: shapes.has('quant_conv'),
    use_post_quant_conv: shapes.has('post_quant_conv'),
  };
}

/** Width of OpenCLIP's ViT-H, the text encoder of SD 2.x, and the layers of it that SD 2.x was trained on. */
const openClipH = { width: 1024, layers: 23 } as const;

/**
 * transformers' config of a CLIP text encoder, from its weights and the layout that their names were of. Heads are 64 wide in
 * every CLIP.
 */
export function inferTextEncoderConfig(
  weights: Weights,
  source: string,
  layout: 'openclip' | 'transformers',
): RawConfig {
  const shapes = new Shapes(weights, source);
  const hidden = shapes.size('text_model.embeddings.token_embedding.weight', 1);
  return {
    vocab_size: shapes.size('text_model.embeddings.token_embedding.weight', 0),
    hidden_size: hidden,
    intermediate_size: shapes.size('text_model.encoder.layers.0.mlp.fc1.weight', 0),
    num_hidden_layers: layersUsed(shapes.count('text_model.encoder.layers'), hidden, layout),
    num_attention_heads: Math.max(1, Math.floor(hidden / 64)),
    max_position_embeddings: shapes.size('text_model.embeddings.position_embedding.weight', 0),
    hidden_act: activationOf(hidden, layout),
    eos_token_id: 2,
  };
}

/**
 * SD 2.x reads ViT-H before its 24th and last layer. Its original files hold all 24; those that diffusers' script wrote back
 * hold the 23 that are used. A smaller encoder under OpenCLIP's names is taken for an original with one layer too many.
 */
function layersUsed(stored: number, width: number, layout: 'openclip' | 'transformers'): number {
  const whole = stored === openClipH.layers || (layout === 'transformers' && stored < openClipH.layers);
  if (whole || (layout === 'transformers' && width !== openClipH.width)) return stored;
  return Math.min(stored - 1, openClipH.layers);
}

/** OpenAI's CLIP, 768 wide in SD 1.x, approximates its activation; OpenCLIP's wider ones, and all of its layout, do not. */
function activationOf(width: number, layout: 'openclip' | 'transformers'): 'quick_gelu' | 'gelu' {
  if (width === 768) return 'quick_gelu';
  return width >= openClipH.width || layout === 'openclip' ? 'gelu' : 'quick_gelu';
}
