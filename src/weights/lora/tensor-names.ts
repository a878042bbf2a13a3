/** Which network of a base model a tensor says that it is for; `any` where it says nothing. */
export type LoraNetwork = 'unet' | 'text' | 'text_2' | 'any';

/** What a tensor is of its module, by the names of kohya's and LyCORIS' files. */
export type PartName =
  | 'lora_down'
  | 'lora_up'
  | 'lora_mid'
  | 'alpha'
  | 'dora_scale'
  | 'magnitude'
  | 'hada_w1_a'
  | 'hada_w1_b'
  | 'hada_w2_a'
  | 'hada_w2_b'
  | 'hada_t1'
  | 'hada_t2'
  | 'lokr_w1'
  | 'lokr_w1_a'
  | 'lokr_w1_b'
  | 'lokr_w2'
  | 'lokr_w2_a'
  | 'lokr_w2_b'
  | 'lokr_t2'
  | 'oft_blocks'
  | 'rescale'
  | 'weight'
  | 'on_input'
  | 'diff'
  | 'diff_b'
  | 'w_norm'
  | 'b_norm';

/** A tensor's name taken apart. */
export interface TensorName {
  readonly network: LoraNetwork;
  /** Whether it is from kohya's OFT, whose limits count for each output. */
  readonly kohyaOft: boolean;
  /** Its module as the file calls it, without the network: with dots, or with underscores in place of them. */
  readonly module: string;
  readonly part: PartName;
}

/** What stands before the modules of each network, in the styles that are in use. */
const networks: readonly (readonly [prefix: string, network: LoraNetwork])[] = [
  // kohya and LyCORIS
  ['lora_unet_', 'unet'],
  ['lora_te_', 'text'],
  ['lora_te1_', 'text'],
  ['lora_te2_', 'text_2'],
  ['oft_unet_', 'unet'],
  ['oft_te_', 'text'],
  ['oft_te1_', 'text'],
  ['oft_te2_', 'text_2'],
  // diffusers
  ['unet.', 'unet'],
  ['text_encoder.', 'text'],
  ['text_encoder_2.', 'text_2'],
  // ComfyUI
  ['diffusion_model.', 'unet'],
  ['model.diffusion_model.', 'unet'],
  ['text_encoders.clip_l.transformer.', 'text'],
  ['text_encoders.clip_h.transformer.', 'text'],
  ['text_encoders.clip_g.transformer.', 'text_2'],
];

/** peft puts this before the modules of the network that it saves, which it does not name. */
const peft = 'base_model.model.';

type Ending = readonly [pattern: RegExp, part: (match: readonly string[]) => PartName];

/** How names end, by what that says; the first that fits counts. */
const endings: readonly Ending[] = [
  [/\.lora_(up|down|mid)\.weight$/, ([, which]) => `lora_${which}` as PartName],
  [/\.lora(?:_linear_layer)?\.(up|down)\.weight$/, ([, which]) => `lora_${which}` as PartName],
  // peft writes the name of the adapter in between.
  [/\.lora_([AB])(?:\.[^.]+)?\.weight$/, ([, which]) => (which === 'A' ? 'lora_down' : 'lora_up')],
  [/\.lora_magnitude_vector(?:\.[^.]+)?(?:\.weight)?$/, () => 'magnitude'],
  [/\.(hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2)|oft_blocks)$/, ([, which]) => which as PartName],
  [/\.oft_diag$/, () => 'oft_blocks'],
  [/\.(alpha|dora_scale|rescale|on_input|diff|diff_b|w_norm|b_norm|weight)$/, ([, which]) => which as PartName],
];

/** Projections of the oldest diffusers files, which belong to the attention's processor. */
const processor = /^(.*?)(?:\.processor)?\.to_(q|k|v|out)_lora\.(up|down)\.weight$/;

/** Null for a tensor that is no part of an adapter as it is known here. */
export function tensorName(tensor: string): TensorName | null {
  const [network, rest] = withoutNetwork(tensor);
  const kohyaOft = tensor.startsWith('oft_');
  const old = processor.exec(rest);
  if (old !== null) {
    const [, attention = '', projection = '', which = ''] = old;
    return {
      network,
      kohyaOft,
      module: `${attention}.${projectionIn(attention, projection)}`,
      part: `lora_${which}` as PartName,
    };
  }
  for (const [pattern, partOf] of endings) {
    const match = pattern.exec(rest);
    if (match !== null) return { network, kohyaOft, module: rest.slice(0, match.index), part: partOf(match) };
  }
  return null;
}

function withoutNetwork(tensor: string): readonly [LoraNetwork, string] {
  const found = networks.find(([prefix]) => tensor.startsWith(prefix));
  const [network, rest] = found === undefined ? (['any', tensor] as const) : [found[1], tensor.slice(found[0].length)];
  return [network, rest.startsWith(peft) ? rest.slice(peft.length) : rest];
}

function projectionIn(attention: string, projection: string): string {
  if (attention.endsWith('self_attn')) return projection === 'out' ? 'out_proj' : `${projection}_proj`;
  return projection === 'out' ? 'to_out.0' : `to_${projection}`;
}
