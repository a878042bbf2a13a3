import { convolution, linear, merge, norm, realChannels, resnet, type Shapes } from './shapes.ts';

/** Names and shapes of the weights of SDXL's networks, in the order in which a file holds them. */
const contextWidth = 2048;
const addedInputs = 2816;

interface Level {
  readonly channels: number;
  readonly depth: number;
}

function levelsFrom(first: number): readonly Level[] {
  return [
    { channels: first, depth: 0 },
    { channels: 2 * first, depth: 2 },
    { channels: 4 * first, depth: 10 },
  ];
}

export function sdxlUNetShapes(first = realChannels): Shapes {
  const up: Shapes[] = [];
  const widest = 4 * first;
  const skips = [1, 1, 1, 1, 2, 2, 2, 4, 4].map((times) => times * first);
  let inputs = widest;
  levelsFrom(first)
    .toReversed()
    .forEach(({ channels, depth }, level) => {
      const name = `up_blocks.${level}`;
      for (let layer = 0; layer < 3; layer++) {
        up.push(resnet(`${name}.resnets.${layer}`, inputs + (skips.pop() as number), channels, widest));
        up.push(transformer(`${name}.attentions.${layer}`, channels, depth));
        inputs = channels;
      }
      if (level < 2) up.push(convolution(`${name}.upsamplers.0.conv`, channels, channels, 3));
    });
  return merge(encoder(first), ...up, norm('conv_norm_out', first), convolution('conv_out', first, 4, 3));
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

function encoder(first: number): Shapes {
  const widest = 4 * first;
  const parts: Shapes[] = [
    convolution('conv_in', 4, first, 3),
    linear('time_embedding.linear_1', first, widest),
    linear('time_embedding.linear_2', widest, widest),
    linear('add_embedding.linear_1', addedInputs, widest),
    linear('add_embedding.linear_2', widest, widest),
  ];
  let inputs = first;
  levelsFrom(first).forEach(({ channels, depth }, level) => {
    const name = `down_blocks.${level}`;
    for (let layer = 0; layer < 2; layer++) {
      parts.push(resnet(`${name}.resnets.${layer}`, inputs, channels, widest));
      parts.push(transformer(`${name}.attentions.${layer}`, channels, depth));
      inputs = channels;
    }
    if (level < 2) parts.push(convolution(`${name}.downsamplers.0.conv`, channels, channels, 3));
  });
  return merge(
    ...parts,
    resnet('mid_block.resnets.0', widest, widest, widest),
    transformer('mid_block.attentions.0', widest, 10),
    resnet('mid_block.resnets.1', widest, widest, widest),
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
