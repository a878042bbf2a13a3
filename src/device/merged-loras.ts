import { branchSetOf } from '../graph/compiler/index.ts';
import { lowRankOf } from '../graph/delta.ts';
import type { NetworkPart } from '../graph/weights.ts';
import type { BaseCheckpoint } from '../weights/checkpoint.ts';
import { loraFingerprint, openLoraFile } from '../weights/lora/lora-file.ts';
import { loraTargets } from '../weights/lora/lora-targets.ts';
import { type LoraTarget, type MatchedLora, matchLora } from '../weights/lora/match-lora.ts';
import { countFactors, readLowRankFactors } from '../weights/lora/low-rank-factors.ts';
import { mergedPart } from '../weights/lora/merged-part.ts';
import { LeastRecent } from '../runtime/least-recent.ts';
import type { LoraBranch } from './branches.ts';
import type { MergedDelta } from './network-variant.ts';
import type { LoraWork } from './protocol.ts';
import { requireSame } from './require-same.ts';

/** What adapters change of one network. */
export interface NetworkDeltas {
  /** What is merged into its weights; empty where the network is that of the base model's files. */
  readonly deltas: readonly MergedDelta[];
  readonly into: <Config>(part: NetworkPart<Config>) => NetworkPart<Config>;
  /** What runs beside its layers; empty where anything is merged. */
  readonly branches: readonly ScaledBranch[];
}

interface ScaledBranch {
  readonly branch: LoraBranch;
  readonly scale: number;
}

export const noDeltas: NetworkDeltas = { deltas: [], into: (part) => part, branches: [] };

/** Matched adapters that are kept: each holds a few thousand places of tensors. */
const mostMatched = 64;

/** The base model that adapters are of. */
interface LoraBase {
  readonly key: string;
  readonly name: string;
  readonly checkpoint: BaseCheckpoint;
}

interface Opened {
  readonly folder: string;
  readonly matched: MatchedLora;
}

/**
 * The adapters of a request as changes of a base model's networks. Headers and single numbers are read, once each, and no factors. All of a
 * request act one way: beside the layers where that was planned and all can, else merged into the weights.
 */
export class MergedLoras {
  readonly #opened = new LeastRecent<Promise<Opened>>(mostMatched);

  /**
   * Throws `incompatible_lora` where an adapter fits no layer of the base model, and `model_invalid` where its file is not the one any more
   * that the request was accepted with.
   */
  async of(base: LoraBase, loras: readonly LoraWork[]): Promise<Readonly<Record<LoraTarget, NetworkDeltas>>> {
    const opened = await Promise.all(
      loras.map(async (lora) => ({ lora, key: keyOf(lora), ...(await this.#open(base, lora)) })),
    );
    const beside = opened.every(({ lora, matched }) => lora.applied === 'branches' && matched.lowRank);
    const deltasOf = (target: LoraTarget, scaleOf: (lora: LoraWork) => number): NetworkDeltas => {
      const acting = opened
        .filter(({ lora, matched }) => scaleOf(lora) !== 0 && matched.deltas[target].size > 0)
        // Sums come out a little different in another order: one set of adapters is one network.
        .toSorted((a, b) => (a.key < b.key ? -1 : 1));
      if (acting.length === 0) return noDeltas;
      if (beside) {
        const branches = acting.map(({ lora, ...one }) => ({
          branch: this.#branch(base, lora, one, target),
          scale: scaleOf(lora),
        }));
        return { ...noDeltas, branches };
      }
      const applied = acting.map(({ folder, matched, lora }) => ({
        folder,
        deltas: matched.deltas[target],
        scale: scaleOf(lora),
      }));
      return {
        deltas: acting.map(({ key, lora }) => ({ model: key, scale: scaleOf(lora) })),
        into: (part) => mergedPart(part, applied),
        branches: [],
      };
    };
    return {
      unet: deltasOf('unet', ({ scale }) => scale),
      text: deltasOf('text', ({ textEncoderScale }) => textEncoderScale),
      text_2: deltasOf('text_2', ({ textEncoderScale }) => textEncoderScale),
    };
  }

  #branch(
    base: LoraBase,
    lora: LoraWork,
    { key, matched }: Opened & { readonly key: string },
    target: LoraTarget,
  ): LoraBranch {
    const deltas = matched.deltas[target];
    const layers = [...deltas.keys()].map((weight) => weight.replace(/\.weight$/, ''));
    return {
      key: JSON.stringify([base.key, target, key]),
      rank: Math.max(...[...deltas.values()].map(({ delta }) => lowRankOf(delta)?.right.shape[0] ?? 0)),
      set: branchSetOf(layers),
      bytes: 4 * countFactors(deltas),
      read: async () => {
        // Its file may have been replaced since it was opened.
        const again = await open(base, lora);
        return await readLowRankFactors(
          again.folder,
          again.matched.deltas[target],
          loraTargets(base.checkpoint)[target] ?? new Map(),
        );
      },
    };
  }

  async #open(base: LoraBase, lora: LoraWork): Promise<Opened> {
    const key = JSON.stringify([base.key, keyOf(lora)]);
    const known = this.#opened.get(key);
    if (known !== undefined) return await known;
    const opening = open(base, lora);
    this.#opened.set(key, opening);
    // One that failed may be tried again.
    opening.catch(() => this.#opened.delete(key));
    return await opening;
  }
}

async function open({ name, checkpoint }: LoraBase, { model: { id, path, hash } }: LoraWork): Promise<Opened> {
  const file = await openLoraFile(path);
  requireSame('LoRA', { id, hash }, await loraFingerprint(file));
  return { folder: file.file.folder, matched: await matchLora(file, loraTargets(checkpoint), name) };
}

function keyOf({ model: { id, hash } }: LoraWork): string {
  return `${id}@${hash}`;
}
