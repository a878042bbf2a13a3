import type { UNetConfig } from '../configs.ts';

/** An attention of a UNet on the text, beside which one on pictures may stand. */
export interface CrossAttention {
  /** Its name in the UNet. */
  readonly layer: string;
  readonly width: number;
  /** Its latents are halved, rounded up, this many times. */
  readonly level: number;
}

/** In the order in which IP-Adapters number them: the way down, the way up, then the middle. */
export function crossAttentions({
  blockChannels,
  transformerLayers,
  upTransformerLayers,
  middle,
}: UNetConfig): readonly CrossAttention[] {
  const deepest = blockChannels.length - 1;
  const behind = (block: string, level: number, blocks: readonly number[]): readonly CrossAttention[] =>
    blocks.flatMap((count, index) => inTransformer(`${block}.attentions.${index}`, level, count));
  const inTransformer = (name: string, level: number, count: number): readonly CrossAttention[] =>
    Array.from({ length: count }, (_, block) => ({
      layer: `${name}.transformer_blocks.${block}.attn2`,
      width: blockChannels[level] as number,
      level,
    }));
  return [
    ...transformerLayers.flatMap((blocks, level) => behind(`down_blocks.${level}`, level, blocks)),
    ...upTransformerLayers.flatMap((blocks, index) => behind(`up_blocks.${index}`, deepest - index, blocks)),
    ...(middle.kind === 'transformer' ? inTransformer('mid_block.attentions.0', deepest, middle.layers) : []),
  ];
}
