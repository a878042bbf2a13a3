import { ArmatureError } from '../../errors.ts';
import { elementCount } from '../../numeric/tensor.ts';
import type { LoraFile, LoraModule } from './lora-file.ts';
import type { PartName } from './tensor-names.ts';

/** What the header of an adapter tells without a base model. */
export interface LoraFacts {
  /** Which methods its layers are of, such as `LoRA` or `DoRA`, in the order of their numbers. */
  readonly methods: readonly string[];
  readonly layers: number;
  /** The largest rank of its factors; null where it has none. */
  readonly rank: number | null;
  /** Width of the text that the UNet it was trained for looks at; null where none of its layers tells. */
  readonly contextWidth: number | null;
  /** Width of the text encoder that it changes; null where it changes none, or no layer tells. */
  readonly textWidth: number | null;
  /** Whether it changes a second text encoder, or a UNet that is told sizes: SDXL's. */
  readonly needsSdxl: boolean;
  /** Words whose embeddings it brings. */
  readonly words: readonly string[];
}

/** Methods by a part that nothing else has; the first that fits counts. */
const methods: readonly (readonly [part: PartName, method: string])[] = [
  ['dora_scale', 'DoRA'],
  ['magnitude', 'DoRA'],
  ['hada_w1_a', 'LoHa'],
  ['lokr_w1', 'LoKr'],
  ['lokr_w1_a', 'LoKr'],
  ['oft_blocks', 'OFT'],
  ['weight', '(IA)^3'],
  ['diff', 'full'],
  ['w_norm', 'norm'],
  ['lora_up', 'LoRA'],
];

/** Names that layers of Stable Diffusion's networks have, whoever wrote them. */
const layers =
  /(?:^|[._])(?:down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block|time_embed(?:ding)?|add_embedding|label_emb|conv_in|conv_out|conv_norm_out|out|text_model|encoder|text_projection)(?:[._]|$)/;

/** Throws `model_invalid` where no layer is one of Stable Diffusion's networks, which nothing can be drawn with. */
export function describeLora({ file, modules, words }: LoraFile): LoraFacts {
  if (!modules.some(({ name }) => layers.test(name))) {
    const detail = `${file.name} changes no layer of Stable Diffusion: the first of its ${modules.length} is called ${(modules[0]?.name ?? '').slice(0, 200)}.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const counts = new Map<string, number>();
  for (const module of modules) {
    const method = methods.find(([part]) => module.parts.has(part))?.[1];
    if (method !== undefined) counts.set(method, (counts.get(method) ?? 0) + 1);
  }
  const ranks = modules.flatMap(
    ({ parts }) => parts.get('lora_down')?.shape[0] ?? parts.get('hada_w1_b')?.shape[0] ?? [],
  );
  return {
    methods: [...counts].toSorted(([, a], [, b]) => b - a).map(([method]) => method),
    layers: modules.length,
    rank: ranks.length === 0 ? null : Math.max(...ranks),
    contextWidth: widthAt(modules, /attn2[._]to_[kv]$/),
    textWidth: widthAt(
      modules.filter(({ network }) => network !== 'text_2'),
      /self_attn[._][qkv]_proj$/,
    ),
    needsSdxl: modules.some(
      ({ network, name }) => network === 'text_2' || /^(?:label_emb|add_embedding)[._]/.test(name),
    ),
    words: [...words.keys()],
  };
}

function widthAt(modules: readonly LoraModule[], layer: RegExp): number | null {
  for (const module of modules) {
    const width = layer.test(module.name) ? inputsOf(module) : null;
    if (width !== null) return width;
  }
  return null;
}

/** Input width of a linear layer, from what is multiplied with it. */
function inputsOf({ parts }: LoraModule): number | null {
  const columns = (part: PartName): number | null => {
    const shape = parts.get(part)?.shape;
    return shape === undefined ? null : elementCount(shape.slice(1));
  };
  const whole = columns('lora_down') ?? columns('hada_w1_b') ?? columns('diff');
  if (whole !== null) return whole;
  const [first, second] = [columns('lokr_w1') ?? columns('lokr_w1_b'), columns('lokr_w2') ?? columns('lokr_w2_b')];
  return first === null || second === null ? null : first * second;
}
