import type { Graph } from '../builder/graph.ts';
import { numberOf } from '../ir/expect.ts';
import type { Value } from '../ir/node.ts';
import type { BesideText } from '../layers/attention.ts';

/** What the inputs of a picture's tokens are called; `slot` counts the image prompts that act on a row. */
export const imagePromptInputs = {
  keys: (layer: string, slot: number) => `${layer}.image_keys.${slot}`,
  values: (layer: string, slot: number) => `${layer}.image_values.${slot}`,
  weight: (level: number, slot: number) => `image_weight.${level}.${slot}`,
} as const;

/**
 * What image prompts add to an attention on the text (Ye et al., 2023): for each of `slots` weight x attention of the same queries on keys and
 * values that were made of a picture. Inputs, for each slot: `<layer>.image_keys.<slot>` and `<layer>.image_values.<slot>` [rows, tokens,
 * width], and `image_weight.<level>.<slot>` [rows, places, 1] at each level that attends, a weight for each place of its picture, or one for all.
 */
export function besideText(graph: Graph, slots: number): (level: number) => BesideText {
  const weights = new Map<string, Value>();
  const weightOf = (level: number, slot: number): Value => {
    const name = imagePromptInputs.weight(level, slot);
    const known = weights.get(name) ?? graph.input(name, 'float32', ['rows', `${name}.places`, 1]);
    weights.set(name, known);
    return known;
  };
  return (level) => (layer, query, heads, mixed) => {
    const width = numberOf(query, 2);
    let sum = mixed;
    for (let slot = 0; slot < slots; slot++) {
      const tokens = (name: string): Value => graph.input(name, 'float32', ['rows', `image_tokens.${slot}`, width]);
      const keys = tokens(imagePromptInputs.keys(layer, slot));
      const values = tokens(imagePromptInputs.values(layer, slot));
      const term = graph.op('Attention', [query, keys, values], { heads });
      sum = graph.op('Add', [sum, graph.op('ScaleTokens', [term, weightOf(level, slot)])]);
    }
    return sum;
  };
}
