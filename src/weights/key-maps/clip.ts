import type { WeightRef } from '../../graph/weights.ts';
import type { RenameRule } from './rename.ts';

/** Names of transformers' CLIP text encoder, with or without the prefix that some versions leave out. */
export const clipRules: readonly RenameRule[] = [
  [/^(text_model\..+)$/, '$1'],
  [/^((?:embeddings|encoder|final_layer_norm)\..+)$/, 'text_model.$1'],
];

/** The projection of what the end of a text means, [outputs, inputs]: SDXL's second encoder has one that is used. */
export const textProjection = 'text_projection.weight';

/** As {@link clipRules}, with the projection. */
export const projectedClipRules: readonly RenameRule[] = [[/^text_projection\.weight$/, textProjection], ...clipRules];

const layerRules: readonly RenameRule[] = [
  [/^ln_1\.(.+)$/, 'layer_norm1.$1'],
  [/^ln_2\.(.+)$/, 'layer_norm2.$1'],
  [/^attn\.out_proj\.(.+)$/, 'self_attn.out_proj.$1'],
  [/^mlp\.c_fc\.(.+)$/, 'mlp.fc1.$1'],
  [/^mlp\.c_proj\.(.+)$/, 'mlp.fc2.$1'],
];

/** OpenCLIP's names to those of transformers. The fused projections are split by `splitFusedAttention`. */
export const openClipRules: readonly RenameRule[] = [
  [/^token_embedding\.weight$/, 'text_model.embeddings.token_embedding.weight'],
  [/^positional_embedding$/, 'text_model.embeddings.position_embedding.weight'],
  [/^ln_final\.(.+)$/, 'text_model.final_layer_norm.$1'],
  [/^transformer\.resblocks\.(\d+)\.attn\.in_proj_(.+)$/, 'text_model.encoder.layers.$1.self_attn.in_proj.$2'],
  ...layerRules.map(([pattern, replacement]): RenameRule => {
    const source = `^transformer\\.resblocks\\.(\\d+)\\.${pattern.source.slice(1)}`;
    const target = (replacement as string).replace('$1', '$2');
    return [new RegExp(source), `text_model.encoder.layers.$1.${target}`];
  }),
];

/** As {@link openClipRules}, with the projection. */
export const projectedOpenClipRules: readonly RenameRule[] = [[/^text_projection$/, textProjection], ...openClipRules];

/** OpenCLIP's text encoder by transformers' names: its fused projections as three, its projection of the text the other way round. */
export function fromOpenClip(weights: ReadonlyMap<string, WeightRef>): ReadonlyMap<string, WeightRef> {
  const split = new Map(splitFusedAttention(weights));
  const stored = split.get(textProjection);
  if (stored !== undefined) {
    split.set(textProjection, { ...stored, shape: stored.shape.toReversed(), transposed: true });
  }
  return split;
}

/** The rows of OpenCLIP's fused [query; key; value] weights as three weights: neighbours on disk. */
export function splitFusedAttention(weights: ReadonlyMap<string, WeightRef>): ReadonlyMap<string, WeightRef> {
  const split = new Map<string, WeightRef>();
  for (const [name, ref] of weights) {
    const fused = /^(.+\.self_attn)\.in_proj\.(weight|bias)$/.exec(name);
    if (fused === null) {
      split.set(name, ref);
      continue;
    }
    const byteLength = ref.byteLength / 3;
    const shape = [(ref.shape[0] as number) / 3, ...ref.shape.slice(1)];
    ['q_proj', 'k_proj', 'v_proj'].forEach((projection, index) => {
      const byteOffset = ref.byteOffset + index * byteLength;
      split.set(`${fused[1]}.${projection}.${fused[2]}`, { ...ref, shape, byteOffset, byteLength });
    });
  }
  return split;
}
