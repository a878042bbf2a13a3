import type { RenameRule } from './rename.ts';

/**
 * Names of the original UNet and ControlNet code (CompVis, lllyasviel) to those of diffusers. There the blocks of the way
 * down are numbered through: conv_in, then for each level its residual blocks and a downsampler.
 */
export function ldmUNetRules(layersPerBlock: number): readonly RenameRule[] {
  const perLevel = layersPerBlock + 1;
  return [
    [/^time_embed\.0\.(.+)$/, 'time_embedding.linear_1.$1'],
    [/^time_embed\.2\.(.+)$/, 'time_embedding.linear_2.$1'],
    [/^time_embed\.cond_proj\.(.+)$/, 'time_embedding.cond_proj.$1'],
    [/^label_emb\.0\.0\.(.+)$/, 'add_embedding.linear_1.$1'],
    [/^label_emb\.0\.2\.(.+)$/, 'add_embedding.linear_2.$1'],
    [/^out\.0\.(.+)$/, 'conv_norm_out.$1'],
    [/^out\.2\.(.+)$/, 'conv_out.$1'],
    [/^input_blocks\.0\.0\.(.+)$/, 'conv_in.$1'],
    [/^input_blocks\.(\d+)\.(\d+)\.(.+)$/, (block, part, rest) => downName(Number(block) - 1, perLevel, part, rest)],
    [/^middle_block\.0\.(.+)$/, (rest) => inner('mid_block.resnets.0', rest)],
    [/^middle_block\.1\.(.+)$/, 'mid_block.attentions.0.$1'],
    [/^middle_block\.2\.(.+)$/, (rest) => inner('mid_block.resnets.1', rest)],
    [/^output_blocks\.(\d+)\.(\d+)\.(.+)$/, (block, part, rest) => upName(Number(block), perLevel, part, rest)],
    [/^zero_convs\.(\d+)\.0\.(.+)$/, 'controlnet_down_blocks.$1.$2'],
    [/^middle_block_out\.0\.(.+)$/, 'controlnet_mid_block.$1'],
    [/^input_hint_block\.0\.(.+)$/, 'controlnet_cond_embedding.conv_in.$1'],
    [/^input_hint_block\.14\.(.+)$/, 'controlnet_cond_embedding.conv_out.$1'],
    [
      /^input_hint_block\.(2|4|6|8|10|12)\.(.+)$/,
      (index, rest) => `controlnet_cond_embedding.blocks.${Number(index) / 2 - 1}.${rest}`,
    ],
  ];
}

/** Residual blocks at each level, found by where the first downsampler is. */
export function ldmLayersPerBlock(has: (name: string) => boolean): number {
  for (let block = 2; block < 32; block++) {
    if (has(`input_blocks.${block}.0.op.weight`)) return block - 1;
  }
  return 2;
}

function downName(block: number, perLevel: number, part: string, rest: string): string | null {
  const level = Math.floor(block / perLevel);
  const layer = block % perLevel;
  if (layer === perLevel - 1) {
    return rest.startsWith('op.') ? `down_blocks.${level}.downsamplers.0.conv.${rest.slice(3)}` : null;
  }
  return blockPart(`down_blocks.${level}`, layer, part, rest);
}

function upName(block: number, perLevel: number, part: string, rest: string): string | null {
  const level = Math.floor(block / perLevel);
  const name = `up_blocks.${level}`;
  if (rest.startsWith('conv.')) return `${name}.upsamplers.0.${rest}`;
  return blockPart(name, block % perLevel, part, rest);
}

function blockPart(name: string, layer: number, part: string, rest: string): string | null {
  return part === '0' ? inner(`${name}.resnets.${layer}`, rest) : `${name}.attentions.${layer}.${rest}`;
}

/** What the original code calls the parts of a residual block. */
export const resnetNames: Readonly<Record<string, string>> = {
  'in_layers.0': 'norm1',
  'in_layers.2': 'conv1',
  'emb_layers.1': 'time_emb_proj',
  'out_layers.0': 'norm2',
  'out_layers.3': 'conv2',
  skip_connection: 'conv_shortcut',
};

function inner(name: string, rest: string): string | null {
  const dot = rest.lastIndexOf('.');
  const part = resnetNames[rest.slice(0, dot)];
  return part === undefined ? null : `${name}.${part}${rest.slice(dot)}`;
}
