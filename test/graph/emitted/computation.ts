import type { Emitted } from './read-model.ts';

/**
 * What a network computes: the nodes that its outputs depend on, each as soon as an output needs it, with the tensors that they read in
 * place. The order in which independent nodes are written, and nodes that nothing reads, are left out: onnxruntime sorts and
 * prunes by itself.
 */
export function computation({ inputs, outputs, tensors, nodes }: Emitted) {
  const numbers = new Map<number, number>();
  const needed: unknown[] = [];
  const refer = (reference: string): unknown => {
    const [kind = '', place = ''] = reference.split(' ');
    if (kind === 't') return tensors[Number(place)];
    if (kind !== 'n') return reference;
    const [index = '', result = '0'] = place.split('.');
    return `n ${numberOf(Number(index))}.${result}`;
  };
  const numberOf = (index: number): number => {
    const known = numbers.get(index);
    if (known !== undefined) return known;
    const { inputs: read = [], ...node } = nodes[index] ?? {};
    const found = { ...node, inputs: read.map(refer) };
    numbers.set(index, needed.length);
    needed.push(found);
    return needed.length - 1;
  };
  const ends = outputs.map(({ from, ...output }) => ({ ...output, from: refer(from) }));
  return { inputs, outputs: ends, nodes: needed };
}
