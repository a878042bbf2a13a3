import type { ClipLayersConfig } from '../configs.ts';
import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { attention } from '../layers/attention.ts';
import { linear } from '../layers/linear.ts';
import { layerNorm } from '../layers/normalization.ts';

const projections = { query: 'q_proj', key: 'k_proj', value: 'v_proj', out: 'out_proj' } as const;

/** One layer of CLIP's text or picture encoder, [rows, length, width] to the same; `mask` is added to the scores of its attention. */
export function clipLayer(graph: Graph, config: ClipLayersConfig, state: Value, name: string, mask?: Value): Value {
  const { hiddenSize: width, intermediateSize: inner, layerNormEps, heads } = config;
  const first = { value: layerNorm(graph, state, `${name}.layer_norm1`, width, layerNormEps), width };
  const settings = { heads, names: projections, projectionBias: true, ...(mask === undefined ? {} : { bias: mask }) };
  const x = graph.op('Add', [attention(graph, first, first, `${name}.self_attn`, settings), state]);
  const second = layerNorm(graph, x, `${name}.layer_norm2`, width, layerNormEps);
  const hidden = linear(graph, second, `${name}.mlp.fc1`, width, inner);
  const active = graph.op(config.activation === 'gelu' ? 'Gelu' : 'QuickGelu', [hidden]);
  return graph.op('Add', [linear(graph, active, `${name}.mlp.fc2`, inner, width), x]);
}
