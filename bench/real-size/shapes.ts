/** Names and shapes of the weights of a Stable Diffusion 1.5 model, in the order in which a file holds them. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

const contextWidth = 768;

/** Channels of the first level in the real size; every other width is a multiple of it. */
export const realChannels = 320;

/** Channels of each level. */
export function blockChannels(first = realChannels): readonly number[] {
  return [first, 2 * first, 4 * first, 4 * first];
}

export function unetShapes(first = realChannels): Shapes {
  const up: Shapes[] = [];
  const skips = skipChannels(first);
  const widest = 4 * first;
  let inputs = widest;
  blockChannels(first)
    .toReversed()
    .forEach((channels, level) => {
      for (let layer = 0; layer < 3; layer++) {
        const name = `up_blocks.${level}`;
        up.push(resnet(`${name}.resnets.${layer}`, inputs + (skips.pop() as number), channels, widest));
        if (level > 0) up.push(transformer(`${name}.attentions.${layer}`, channels));
        inputs = channels;
      }
      if (level < 3) up.push(convolution(`up_blocks.${level}.upsamplers.0.conv`, channels, channels, 3));
    });
  return merge(encoder(first), ...up, norm('conv_norm_out', first), convolution('conv_out', first, 4, 3));
}

export function controlNetShapes(first = realChannels): Shapes {
  const hint = [16, 32, 96, 256];
  const name = 'controlnet_cond_embedding';
  const blocks = hint
    .slice(1)
    .flatMap((next, index) => [
      convolution(`${name}.blocks.${2 * index}`, hint[index] as number, hint[index] as number, 3),
      convolution(`${name}.blocks.${2 * index + 1}`, hint[index] as number, next, 3),
    ]);
  const zero = skipChannels(first).map((channels, index) =>
    convolution(`controlnet_down_blocks.${index}`, channels, channels, 1),
  );
  return merge(
    encoder(first),
    convolution(`${name}.conv_in`, 3, 16, 3),
    ...blocks,
    convolution(`${name}.conv_out`, 256, first, 3),
    ...zero,
    convolution('controlnet_mid_block', 4 * first, 4 * first, 1),
  );
}

export function textEncoderShapes(): Shapes {
  const layers = Array.from({ length: 12 }, (_, layer) => {
    const name = `text_model.encoder.layers.${layer}`;
    return merge(
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((part) => linear(`${name}.self_attn.${part}`, 768, 768)),
      norm(`${name}.layer_norm1`, 768),
      norm(`${name}.layer_norm2`, 768),
      linear(`${name}.mlp.fc1`, 768, 3072),
      linear(`${name}.mlp.fc2`, 3072, 768),
    );
  });
  return merge(
    { 'text_model.embeddings.token_embedding.weight': [49408, 768] },
    { 'text_model.embeddings.position_embedding.weight': [77, 768] },
    ...layers,
    norm('text_model.final_layer_norm', 768),
  );
}

export function vaeShapes(): Shapes {
  const channels = [128, 256, 512, 512];
  const parts: Shapes[] = [convolution('encoder.conv_in', 3, 128, 3), convolution('decoder.conv_in', 4, 512, 3)];
  let down = 128;
  channels.forEach((outputs, level) => {
    for (let layer = 0; layer < 2; layer++) {
      parts.push(resnet(`encoder.down_blocks.${level}.resnets.${layer}`, down, outputs));
      down = outputs;
    }
    if (level < 3) parts.push(convolution(`encoder.down_blocks.${level}.downsamplers.0.conv`, outputs, outputs, 3));
  });
  let up = 512;
  channels.toReversed().forEach((outputs, level) => {
    for (let layer = 0; layer < 3; layer++) {
      parts.push(resnet(`decoder.up_blocks.${level}.resnets.${layer}`, up, outputs));
      up = outputs;
    }
    if (level < 3) parts.push(convolution(`decoder.up_blocks.${level}.upsamplers.0.conv`, outputs, outputs, 3));
  });
  for (const coder of ['encoder', 'decoder']) {
    const middle = `${coder}.mid_block`;
    parts.push(resnet(`${middle}.resnets.0`, 512, 512), resnet(`${middle}.resnets.1`, 512, 512));
    parts.push(norm(`${middle}.attentions.0.group_norm`, 512));
    for (const part of ['to_q', 'to_k', 'to_v', 'to_out.0']) {
      parts.push(linear(`${middle}.attentions.0.${part}`, 512, 512));
    }
  }
  return merge(
    ...parts,
    norm('encoder.conv_norm_out', 512),
    convolution('encoder.conv_out', 512, 8, 3),
    convolution('quant_conv', 8, 8, 1),
    convolution('post_quant_conv', 4, 4, 1),
    norm('decoder.conv_norm_out', 128),
    convolution('decoder.conv_out', 128, 3, 3),
  );
}

/** What a UNet and its ControlNets share. */
function encoder(first: number): Shapes {
  const widest = 4 * first;
  const parts: Shapes[] = [
    convolution('conv_in', 4, first, 3),
    linear('time_embedding.linear_1', first, widest),
    linear('time_embedding.linear_2', widest, widest),
  ];
  let inputs = first;
  blockChannels(first).forEach((channels, level) => {
    const name = `down_blocks.${level}`;
    for (let layer = 0; layer < 2; layer++) {
      parts.push(resnet(`${name}.resnets.${layer}`, inputs, channels, widest));
      if (level < 3) parts.push(transformer(`${name}.attentions.${layer}`, channels));
      inputs = channels;
    }
    if (level < 3) parts.push(convolution(`${name}.downsamplers.0.conv`, channels, channels, 3));
  });
  return merge(
    ...parts,
    resnet('mid_block.resnets.0', widest, widest, widest),
    transformer('mid_block.attentions.0', widest),
    resnet('mid_block.resnets.1', widest, widest, widest),
  );
}

function skipChannels(first: number): number[] {
  return [1, 1, 1, 1, 2, 2, 2, 4, 4, 4, 4, 4].map((times) => times * first);
}

export function resnet(name: string, inputs: number, outputs: number, time?: number): Shapes {
  return merge(
    norm(`${name}.norm1`, inputs),
    convolution(`${name}.conv1`, inputs, outputs, 3),
    time === undefined ? {} : linear(`${name}.time_emb_proj`, time, outputs),
    norm(`${name}.norm2`, outputs),
    convolution(`${name}.conv2`, outputs, outputs, 3),
    inputs === outputs ? {} : convolution(`${name}.conv_shortcut`, inputs, outputs, 1),
  );
}

function transformer(name: string, channels: number): Shapes {
  const block = `${name}.transformer_blocks.0`;
  const attention = (part: string, width: number): Shapes => ({
    [`${block}.${part}.to_q.weight`]: [channels, channels],
    [`${block}.${part}.to_k.weight`]: [channels, width],
    [`${block}.${part}.to_v.weight`]: [channels, width],
    ...linear(`${block}.${part}.to_out.0`, channels, channels),
  });
  return merge(
    norm(`${name}.norm`, channels),
    convolution(`${name}.proj_in`, channels, channels, 1),
    attention('attn1', channels),
    attention('attn2', contextWidth),
    linear(`${block}.ff.net.0.proj`, channels, 8 * channels),
    linear(`${block}.ff.net.2`, 4 * channels, channels),
    ...[1, 2, 3].map((index) => norm(`${block}.norm${index}`, channels)),
    convolution(`${name}.proj_out`, channels, channels, 1),
  );
}

export function convolution(name: string, inputs: number, outputs: number, kernel: number): Shapes {
  return { [`${name}.weight`]: [outputs, inputs, kernel, kernel], [`${name}.bias`]: [outputs] };
}

export function linear(name: string, inputs: number, outputs: number): Shapes {
  return { [`${name}.weight`]: [outputs, inputs], [`${name}.bias`]: [outputs] };
}

export function norm(name: string, channels: number): Shapes {
  return { [`${name}.weight`]: [channels], [`${name}.bias`]: [channels] };
}

export function merge(...parts: readonly Shapes[]): Shapes {
  return Object.assign({}, ...parts) as Shapes;
}
