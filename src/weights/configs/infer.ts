import { ArmatureError } from '../../errors.ts';
import type { Weights } from '../../graph/weights.ts';
import { textProjection } from '../key-maps/clip.ts';
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

  /** Blocks of each of the transformers of a level, whatever family it is of: pruned models have fewer. */
  depths(level: string, transformers: number): readonly number[] {
    return Array.from({ length: transformers }, (_, layer) =>
      this.count(`${level}.attentions.${layer}.transformer_blocks`),
    );
  }
}

/** Of UNets alone that take the guidance as an input. */
const guidanceLayer = 'time_embedding.cond_proj';

/**
 * diffusers' config of a UNet, from its weights. Heads and groups leave no trace: SD 1.x has 8, SD 2.x heads of width 64, unless
 * `params` of the original code say otherwise.
 */
export function inferUNetConfig(weights: Weights, source: string, params: RawConfig = {}): RawConfig {
  const shapes = new Shapes(weights, source);
  const levels = Array.from({ length: shapes.count('up_blocks') }, (_, index) => `up_blocks.${index}`);
  const encoder = inferEncoder(shapes);
  const transformers = (encoder['layers_per_block'] as number) + 1;
  return {
    ...encoder,
    ...headsOf(encoder['block_out_channels'] as readonly number[], params),
    out_channels: shapes.size('conv_out.weight', 0),
    ...(shapes.has(guidanceLayer) ? { time_cond_proj_dim: shapes.size(`${guidanceLayer}.weight`, 1) } : {}),
    up_block_types: levels.map((level) => (shapes.has(`${level}.attentions`) ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
    reverse_transformer_layers_per_block: levels.map((level) => shapes.depths(level, transformers)),
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
  const hint = 'controlnet_cond_embedding';
  return {
    ...inferEncoder(shapes),
    conditioning_channels: shapes.size(`${hint}.conv_in.weight`, 1),
    conditioning_embedding_out_channels: [
      shapes.size(`${hint}.conv_in.weight`, 0),
      ...[1, 3, 5].map((block) => shapes.size(`${hint}.blocks.${block}.weight`, 0)),
    ],
    ...inferUnion(shapes),
  };
}

/** How wide the sinusoids of an id are shows in those of the types. */
function inferUnion(shapes: Shapes): RawConfig {
  if (shapes.rank('task_embedding') === undefined) return {};
  const types = shapes.size('task_embedding', 0);
  return {
    _class_name: 'ControlNetUnionModel',
    addition_time_embed_dim: shapes.size('control_add_embedding.linear_1.weight', 1) / types,
    num_control_type: types,
    num_trans_layer: shapes.count('transformer_layes'),
  };
}

function inferEncoder(shapes: Shapes): RawConfig {
  const levels = Array.from({ length: shapes.count('down_blocks') }, (_, level) => `down_blocks.${level}`);
  const channels = levels.map((level) => shapes.size(`${level}.resnets.0.conv1.weight`, 0));
  const layers = shapes.count('down_blocks.0.resnets');
  const projection = shapes.find(/attentions\.0\.proj_in\.weight$/);
  const linear = projection === undefined || shapes.rank(projection) === 2;
  return {
    in_channels: shapes.size('conv_in.weight', 1),
    block_out_channels: channels,
    layers_per_block: layers,
    cross_attention_dim: contextWidth(shapes),
    attention_head_dim: linear ? channels.map((width) => Math.max(1, Math.floor(width / 64))) : 8,
    transformer_layers_per_block: levels.map((level) => shapes.depths(level, layers)),
    use_linear_projection: linear,
    down_block_types: levels.map((level) =>
      shapes.has(`${level}.attentions`) ? 'CrossAttnDownBlock2D' : 'DownBlock2D',
    ),
    ...inferMiddle(shapes),
    ...inferAdded(shapes),
  };
}

function inferMiddle(shapes: Shapes): RawConfig {
  const layers = shapes.count('mid_block.attentions.0.transformer_blocks');
  if (layers > 0) return { mid_block_transformer_layers: layers };
  return { mid_block_type: shapes.has('mid_block.resnets') ? 'UNetMidBlock2D' : null };
}

/** Width of the sinusoids of each id in every SDXL. */
const sdxlIdWidth = 256;
/** Numbers that SDXL's networks take beside the timestep: pooled text of 1280 and six ids. */
const sdxlInputs = 1280 + 6 * sdxlIdWidth;
const sdxlContext = 2048;

function inferAdded(shapes: Shapes): RawConfig {
  if (!shapes.has('add_embedding')) return {};
  return {
    addition_embed_type: 'text_time',
    addition_time_embed_dim: sdxlIdWidth,
    projection_class_embeddings_input_dim: shapes.size('add_embedding.linear_1.weight', 1),
  };
}

/** Width of the text; a network without any attention (a small ControlNet of SDXL) says it by what it takes beside the timestep. */
function contextWidth(shapes: Shapes): number {
  const keys = shapes.find(/\.attn2\.to_k\.weight$/);
  if (keys !== undefined) return shapes.size(keys, 1);
  const isSdxl = shapes.has('add_embedding') && shapes.size('add_embedding.linear_1.weight', 1) === sdxlInputs;
  return isSdxl ? sdxlContext : shapes.size('attn2.to_k.weight', 1);
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

/** Whose names a text encoder's weights carry, and which of its layers the base model reads: all, or as SD 2.x, which leaves out the last. */
export interface TextLayout {
  readonly names: 'openclip' | 'transformers';
  readonly layers: 'all' | 'SD 2.x';
}

/**
 * transformers' config of a CLIP text encoder, from its weights and the layout that their names were of. Heads are 64 wide in
 * every CLIP.
 */
export function inferTextEncoderConfig(
  weights: Weights,
  source: string,
  names: TextLayout['names'],
  layers: TextLayout['layers'] = 'SD 2.x',
): RawConfig {
  const shapes = new Shapes(weights, source);
  const hidden = shapes.size('text_model.embeddings.token_embedding.weight', 1);
  const stored = shapes.count('text_model.encoder.layers');
  return {
    vocab_size: shapes.size('text_model.embeddings.token_embedding.weight', 0),
    hidden_size: hidden,
    intermediate_size: shapes.size('text_model.encoder.layers.0.mlp.fc1.weight', 0),
    num_hidden_layers: layers === 'all' ? stored : layersUsed(stored, hidden, names),
    num_attention_heads: Math.max(1, Math.floor(hidden / 64)),
    max_position_embeddings: shapes.size('text_model.embeddings.position_embedding.weight', 0),
    hidden_act: activationOf(hidden, names),
    eos_token_id: 2,
    ...(shapes.rank(textProjection) === undefined ? {} : { projection_dim: shapes.size(textProjection, 0) }),
  };
}

/**
 * SD 2.x reads ViT-H before its 24th and last layer. Its original files hold all 24; those that diffusers' script wrote back
 * hold the 23 that are used. A smaller encoder under OpenCLIP's names is taken for an original with one layer too many.
 */
function layersUsed(stored: number, width: number, layout: TextLayout['names']): number {
  const whole = stored === openClipH.layers || (layout === 'transformers' && stored < openClipH.layers);
  if (whole || (layout === 'transformers' && width !== openClipH.width)) return stored;
  return Math.min(stored - 1, openClipH.layers);
}

/** OpenAI's CLIP, 768 wide in SD 1.x, approximates its activation; OpenCLIP's wider ones, and all of its layout, do not. */
function activationOf(width: number, layout: TextLayout['names']): 'quick_gelu' | 'gelu' {
  if (width === 768) return 'quick_gelu';
  return width >= openClipH.width || layout === 'openclip' ? 'gelu' : 'quick_gelu';
}
