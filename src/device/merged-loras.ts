import type { NetworkPart } from '../graph/weights.ts';
import type { BaseCheckpoint } from '../weights/checkpoint.ts';
import { loraFingerprint, openLoraFile } from '../weights/lora/lora-file.ts';
import { loraTargets } from '../weights/lora/lora-targets.ts';
import { type LoraTarget, type MatchedLora, matchLora } from '../weights/lora/match-lora.ts';
import { mergedPart } from '../weights/lora/merged-part.ts';
import { LeastRecent } from '../runtime/least-recent.ts';
import type { MergedDelta } from './network-variant.ts';
import type { LoraWork } from './protocol.ts';
import { requireSame } from './require-same.ts';

/** What is merged into the weights of one network. */
export interface NetworkDeltas {
  /** Empty where the network is that of the base model's files. */
  readonly deltas: readonly MergedDelta[];
  readonly into: <Config>(part: NetworkPart<Config>) => NetworkPart<Config>;
}

export const noDeltas: NetworkDeltas = { deltas: [], into: (part) => part };

/** Matched adapters that are kept: each holds a few thousand places of tensors. */
const mostMatched = 64;

interface Opened {
  readonly folder: string;
  readonly matched: MatchedLora;
}

/** The adapters of a request as changes of a base model's networks. Headers and single numbers are read, once each, and no factors. */
export class MergedLoras {
  readonly #opened = new LeastRecent<Promise<Opened>>(mostMatched);

  /**
   * Throws `incompatible_lora` where an adapter fits no layer of the base model, and `model_invalid` where its file is not the one any more
   * that the request was accepted with.
   */
  async of(
    base: { readonly key: string; readonly name: string; readonly checkpoint: BaseCheckpoint },
    loras: readonly LoraWork[],
  ): Promise<Readonly<Record<LoraTarget, NetworkDeltas>>> {
    const opened = await Promise.all(
      loras.map(async (lora) => ({ lora, key: keyOf(lora), ...(await this.#open(base, lora)) })),
    );
    const deltasOf = (target: LoraTarget, scaleOf: (lora: LoraWork) => number): NetworkDeltas => {
      const acting = opened
        .filter(({ lora, matched }) => scaleOf(lora) !== 0 && matched.deltas[target].size > 0)
        // Sums come out a little different in another order: one set of adapters is one network.
        .toSorted((a, b) => (a.key < b.key ? -1 : 1));
      if (acting.length === 0) return noDeltas;
      const applied = acting.map(({ folder, matched, lora }) => ({
        folder,
        deltas: matched.deltas[target],
        scale: scaleOf(lora),
      }));
      return {
        deltas: acting.map(({ key, lora }) => ({ model: key, scale: scaleOf(lora) })),
        into: (part) => mergedPart(part, applied),
      };
    };
    return {
      unet: deltasOf('unet', ({ scale }) => scale),
      text: deltasOf('text', ({ textEncoderScale }) => textEncoderScale),
      text_2: deltasOf('text_2', ({ textEncoderScale }) => textEncoderScale),
    };
  }

  async #open(base: Parameters<MergedLoras['of']>[0], lora: LoraWork): Promise<Opened> {
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

async function open(
  { name, checkpoint }: Parameters<MergedLoras['of']>[0],
  { model: { id, path, hash } }: LoraWork,
): Promise<Opened> {
  const file = await openLoraFile(path);
  requireSame('LoRA', { id, hash }, await loraFingerprint(file));
  return { folder: file.file.folder, matched: await matchLora(file, loraTargets(checkpoint), name) };
}

function keyOf({ model: { id, hash } }: LoraWork): string {
  return `${id}@${hash}`;
}
