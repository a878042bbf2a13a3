import type { BranchSet, DeepCut, Tiling } from '../graph/compiler/index.ts';

/** What tells one session from another: the same network with other weights, another shape or for another provider is another one. */
export interface NetworkVariant {
  /** The key of the model and the name of the network in it. */
  readonly network: string;
  /** What is merged into its weights, in that order, and how strongly. */
  readonly deltas: readonly MergedDelta[];
  readonly structure: Structure;
  /** How its graph was written for the provider. */
  readonly lowering: 'cpu';
}

export interface MergedDelta {
  /** The key of the model that holds it. */
  readonly model: string;
  readonly scale: number;
}

/** What of a network's graph a request can choose. Absent: as its configuration says. */
export interface Structure {
  /** Layers of a text encoder that are left out at its end. */
  readonly clipSkip?: number;
  /** A text encoder takes vectors in the place of token embeddings. */
  readonly learned?: true | undefined;
  /** Residuals are means over the picture. */
  readonly pooled?: true;
  /** Along which axes convolutions go on at the other edge. */
  readonly tiling?: Tiling;
  /** A UNet takes the features of T2I-Adapters. */
  readonly features?: true;
  /** The share of the tokens that a UNet merges. */
  readonly tokenMerging?: number | undefined;
  /** Where a UNet is cut, and which part of it this is. */
  readonly deepCache?: DeepCut | undefined;
  /** So many image prompts may act on a row of a UNet. */
  readonly imagePrompts?: number;
  /** Tokens of a picture that an IP-Adapter takes. */
  readonly pictureTokens?: number;
  /** The network takes low-rank LoRAs beside its layers: those of a set in a UNet, all in a text encoder. */
  readonly branches?: BranchSet | undefined;
}

/** What is chosen of a graph by which axes its pictures tile along. */
export function tiled(tiling: Tiling | undefined): Pick<Structure, 'tiling'> {
  return tiling === undefined ? {} : { tiling };
}

/** Equal for variants that are equal, and for them alone. */
export function variantKey({ network, deltas, structure, lowering }: NetworkVariant): string {
  const merged = deltas.map(({ model, scale }) => [model, scale]);
  const chosen = Object.entries(structure).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([network, merged, chosen, lowering]);
}

/** Ids of the models whose weights are behind keys of sessions, and of what is kept beside them, in order: each names them as id@hash. */
export function modelsOf(keys: readonly string[]): readonly string[] {
  const named = keys.flatMap((key) => [...key.matchAll(/([a-z0-9][a-z0-9._-]*)@[0-9a-f]/g)].map(([, id = '']) => id));
  return [...new Set(named)].toSorted();
}
