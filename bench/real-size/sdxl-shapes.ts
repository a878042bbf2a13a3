import { convolution, linear, merge, norm, resnet, type Shapes } from './shapes.ts';

/** Names and shapes of the weights of SDXL's networks, in the order in which a file holds them. */
const levels = [
  { channels: 320, depth: 0 },
  { channels: 640, depth: 2 },
  { channels: 1280, depth: 10 },
] as const;
const contextWidth = 2048;
const timeWidth = 1280;
const addedInputs = 2816;

export function sdxlUNetShapes(): Shapes {
  const up: Shapes[] = [];
  const skips = [320, 320, 320, 320, 640, 640, 640, 1280, 1280];
  let inputs = 1280;
  levels.toReversed().forEach(({ channels, depth }, level) => {
    const name = `up_blocks.${level}`;
    for (let layer = 0; layer < 3; layer++) {
      up.push(resnet(`${name}.resnets.${layer}`, inputs + (skips.pop() as number), channels, timeWidth));
      up.push(transformer(`${name}.attentions.${layer}`, channels, depth));
      inputs = channels;
    }
    if (level < 2) up.push(convolution(`${name}.upsamplers.0.conv`, channels, channels, 3));
  });
  return merge(encoder(), ...up, norm('conv_norm_out', 320), convolution('conv_out', 320, 4, 3));
}

/** OpenAI's CLIP ViT-L without projection, or OpenCLIP's bigG with it. */
export function clipShapes({ width, layers, projection }: ClipSizes): Shapes {
  const each = Array.from({ length: layers }, (_, layer) => {
    const name = `text_model.encoder.layers.${layer}`;
    return merge(
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((part) => linear(`${name}.self_attn.${part}`, width, width)),
      norm(`${name}.layer_norm1`, width),
      norm(`${name}.layer_norm2`, width),
      linear(`${name}.mlp.fc1`, width, 4 * width),
      linear(`${name}.mlp.fc2`, 4 * width, width),
    );
  });
  return merge(
    { 'text_model.embeddings.token_embedding.weight': [49408, width] },
    { 'text_model.embeddings.position_embedding.weight': [77, width] },
    ...each,
    norm('text_model.final_layer_norm', width),
    projection ? { 'text_projection.weight': [width, width] } : {},
  );
}

export interface ClipSizes {
  readonly width: number;
  readonly layers: number;
  readonly projection: boolean;
}

function encoder(): Shapes {
  const parts: Shapes[] = [
    convolution('conv_in', 4, 320, 3),
    linear('time_embedding.linear_1', 320, timeWidth),
    linear('time_embedding.linear_2', timeWidth, timeWidth),
    linear('add_embedding.linear_1', addedInputs, timeWidth),
    linear('add_embedding.linear_2', timeWidth, timeWidth),
  ];
  let inputs = 320;
  levels.forEach(({ channels, depth }, level) => {
    const name = `down_blocks.${level}`;
    for (let layer = 0; layer < 2; layer++) {
      parts.push(resnet(`${name}.resnets.${layer}`, inputs, channels, timeWidth));
      parts.push(transformer(`${name}.attentions.${layer}`, channels, depth));
      inputs = channels;
    }
    if (level < 2) parts.push(convolution(`${name}.downsamplers.0.conv`, channels, channels, 3));
  });
  return merge(
    ...parts,
    resnet('mid_block.resnets.0', 1280, 1280, timeWidth),
    transformer('mid_block.attentions.0', 1280, 10),
    resnet('mid_block.resnets.1', 1280, 1280, timeWidth),
  );
}

/** Its first and last projections are linear layers; one of no blocks is none. */
function transformer(name: string, channels: number, depth: number): Shapes {
  if (depth === 0) return {};
  const blocks = Array.from({ length: depth }, (_, index) => {
    const block = `${name}.transformer_blocks.${index}`;
    const attention = (part: string, width: number): Shapes => ({
      [`${block}.${part}.to_q.weight`]: [channels, channels],
      [`${block}.${part}.to_k.weight`]: [channels, width],
      [`${block}.${part}.to_v.weight`]: [channels, width],
      ...linear(`${block}.${part}.to_out.0`, channels, channels),
    });
    return merge(
      attention('attn1', channels),
      attention('attn2', contextWidth),
      linear(`${block}.ff.net.0.proj`, channels, 8 * channels),
      linear(`${block}.ff.net.2`, 4 * channels, channels),
      ...[1, 2, 3].map((norms) => norm(`${block}.norm${norms}`, channels)),
    );
  });
  return merge(
    norm(`${name}.norm`, channels),
    linear(`${name}.proj_in`, channels, channels),
    ...blocks,
    linear(`${name}.proj_out`, channels, channels),
  );
}
