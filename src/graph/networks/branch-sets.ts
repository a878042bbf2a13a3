import type { Graph } from '../builder/graph.ts';
import { branchInputs } from '../layers/branch.ts';

/** Layers of a UNet that have branches, each set with those before it: as few as a kind of adapter changes, since an unused branch costs a little. */
const sets = {
  attention: (layer: string) => /\.attn\d\.to_/.test(layer),
  transformers: (layer: string) => /\.attentions\.\d+\./.test(layer),
  all: () => true,
} as const satisfies Readonly<Record<string, (layer: string) => boolean>>;

export type BranchSet = keyof typeof sets;

/** The smallest first. */
export const branchSets: readonly BranchSet[] = ['attention', 'transformers', 'all'];

export function isBranched(set: BranchSet, layer: string): boolean {
  return sets[set](layer);
}

/** The smallest set that has all of the layers. */
export function branchSetOf(layers: readonly string[]): BranchSet {
  return branchSets.find((set) => layers.every((layer) => isBranched(set, layer))) ?? 'all';
}

/** Sizes of a layer's branch: its first factor is [rank, ...down], its second one [rank, outputs]. */
export interface BranchShape {
  readonly down: readonly number[];
  readonly outputs: number;
}

/** The branches of a network by layer. */
export function branchShapes({ inputs }: Pick<Graph, 'inputs'>): ReadonlyMap<string, BranchShape> {
  const shapeOf = new Map(inputs.map(({ name, value }) => [name, value.shape.slice(1) as readonly number[]]));
  return new Map(
    [...shapeOf].flatMap(([name, down]) => {
      if (!name.endsWith(branchInputs.down)) return [];
      const layer = name.slice(0, -branchInputs.down.length);
      const [outputs = 0] = shapeOf.get(`${layer}${branchInputs.up}`) ?? [];
      return [[layer, { down, outputs }] as const];
    }),
  );
}
