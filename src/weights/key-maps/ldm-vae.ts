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
    [
      /^((?:en|de)coder)\.mid\.attn_1\.([a-z_]+(?:\.0)?)\.(weight|bias)$/,
      (coder, part, kind) => {
        const name = attentionNames[part];
        return name === undefined ? null : `${coder}.mid_block.attentions.0.${name}.${kind}`;
      },
    ],
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

/** Parts of the attention under the original names, and under those of diffusers that some conversions leave in place. */
const attentionNames: Readonly<Record<string, string>> = {
  norm: 'group_norm',
  group_norm: 'group_norm',
  q: 'to_q',
  k: 'to_k',
  v: 'to_v',
  proj_out: 'to_out.0',
  to_q: 'to_q',
  to_k: 'to_k',
  to_v: 'to_v',
  'to_out.0': 'to_out.0',
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
};

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
