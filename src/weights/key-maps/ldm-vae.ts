import type { RenameRule } from './rename.ts';

/** Names of the original autoencoder code to those of diffusers; `levels` turns round the order of the way up. */
export function ldmVaeRules(levels: number): readonly RenameRule[] {
  const up = (level: string): number => levels - 1 - Number(level);
  return [
    [/^((?:post_)?quant_conv\..+)$/, '$1'],
    [/^((?:en|de)coder\.conv_(?:in|out)\..+)$/, '$1'],
    [/^((?:en|de)coder)\.norm_out\.(.+)$/, '$1.conv_norm_out.$2'],
    [/^((?:en|de)coder)\.mid\.block_1\.(.+)$/, (coder, rest) => `${coder}.mid_block.resnets.0.${resnetPart(rest)}`],
    [/^((?:en|de)coder)\.mid\.block_2\.(.+)$/, (coder, rest) => `${coder}.mid_block.resnets.1.${resnetPart(rest)}`],
    [/^((?:en|de)coder)\.mid\.attn_1\.norm\.(.+)$/, '$1.mid_block.attentions.0.group_norm.$2'],
    [/^((?:en|de)coder)\.mid\.attn_1\.([qkv])\.(.+)$/, '$1.mid_block.attentions.0.to_$2.$3'],
    [/^((?:en|de)coder)\.mid\.attn_1\.proj_out\.(.+)$/, '$1.mid_block.attentions.0.to_out.0.$2'],
    [/^encoder\.down\.(\d+)\.downsample\.(.+)$/, 'encoder.down_blocks.$1.downsamplers.0.$2'],
    [
      /^encoder\.down\.(\d+)\.block\.(\d+)\.(.+)$/,
      (level, layer, rest) => `encoder.down_blocks.${level}.resnets.${layer}.${resnetPart(rest)}`,
    ],
    [/^decoder\.up\.(\d+)\.upsample\.(.+)$/, (level, rest) => `decoder.up_blocks.${up(level)}.upsamplers.0.${rest}`],
    [
      /^decoder\.up\.(\d+)\.block\.(\d+)\.(.+)$/,
      (level, layer, rest) => `decoder.up_blocks.${up(level)}.resnets.${layer}.${resnetPart(rest)}`,
    ],
  ];
}

function resnetPart(rest: string): string {
  return rest.replace(/^nin_shortcut\./, 'conv_shortcut.');
}

/** Names that diffusers gave the autoencoder's attention before version 0.17; files of that time are still about. */
export const oldVaeAttentionRules: readonly RenameRule[] = [
  [/^(.+\.mid_block\.attentions\.0)\.query\.(.+)$/, '$1.to_q.$2'],
  [/^(.+\.mid_block\.attentions\.0)\.key\.(.+)$/, '$1.to_k.$2'],
  [/^(.+\.mid_block\.attentions\.0)\.value\.(.+)$/, '$1.to_v.$2'],
  [/^(.+\.mid_block\.attentions\.0)\.proj_attn\.(.+)$/, '$1.to_out.0.$2'],
  [/^(.+)$/, '$1'],
];
