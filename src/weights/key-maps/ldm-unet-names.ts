import { resnetNames } from './ldm-unet.ts';

const fixed: Readonly<Record<string, string>> = {
  'time_embedding.linear_1': 'time_embed.0',
  'time_embedding.linear_2': 'time_embed.2',
  'time_embedding.cond_proj': 'time_embed.cond_proj',
  'add_embedding.linear_1': 'label_emb.0.0',
  'add_embedding.linear_2': 'label_emb.0.2',
  conv_in: 'input_blocks.0.0',
  conv_norm_out: 'out.0',
  conv_out: 'out.2',
  controlnet_mid_block: 'middle_block_out.0',
  'controlnet_cond_embedding.conv_in': 'input_hint_block.0',
  'controlnet_cond_embedding.conv_out': 'input_hint_block.14',
};

const partsOfResnet = new Map(Object.entries(resnetNames).map(([ldm, diffusers]) => [diffusers, ldm]));

/** Those that only a ControlNet has. */
function controlName(module: string): string | null {
  const [, zero, block] =
    /^(?:controlnet_down_blocks\.(\d+)|controlnet_cond_embedding\.blocks\.(\d+))$/.exec(module) ?? [];
  if (zero !== undefined) return `zero_convs.${zero}.0`;
  return block === undefined ? null : `input_hint_block.${2 * Number(block) + 2}`;
}

/**
 * What the original code calls modules of diffusers' UNet or ControlNet: the way back from `ldmUNetRules`. `modules` are all that there
 * are: how many residual blocks a level has, and whether an upsampler stands behind attentions, is read from them.
 */
export function ldmUNetNames(modules: ReadonlySet<string>): (module: string) => string | null {
  const all = [...modules];
  const has = (prefix: string): boolean => all.some((module) => module.startsWith(prefix));
  let layers = 0;
  while (has(`down_blocks.0.resnets.${layers}.`)) layers++;
  const perLevel = layers + 1;
  return (module) => {
    const known = fixed[module] ?? controlName(module);
    if (known !== null) return known;
    const [, side, level = '', kind, layer = '', rest = ''] =
      /^(?:(down|up)_blocks\.(\d+)|mid_block)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(
        module,
      ) ?? [];
    if (kind === undefined) return null;
    const part = kind === 'resnets' ? partsOfResnet.get(rest) : rest;
    if (part === undefined) return null;
    if (side === undefined) return `middle_block.${kind === 'attentions' ? 1 : 2 * Number(layer)}.${part}`;
    const first = Number(level) * perLevel;
    if (kind === 'downsamplers') return `input_blocks.${first + perLevel}.0.op`;
    if (kind === 'upsamplers') {
      return `output_blocks.${first + layers}.${has(`up_blocks.${level}.attentions.`) ? 2 : 1}.conv`;
    }
    const block =
      side === 'down' ? `input_blocks.${first + 1 + Number(layer)}` : `output_blocks.${first + Number(layer)}`;
    return `${block}.${kind === 'resnets' ? 0 : 1}.${part}`;
  };
}
