import { wrongInit } from '../../../generation/kinds/training/trained/trained-kind.ts';
import { branchInputs } from '../../../graph/layers/branch.ts';
import type { BaseCheckpoint } from '../../../weights/checkpoint.ts';
import { readLowRankFactors } from '../../../weights/lora/low-rank-factors.ts';
import { openLoraFile } from '../../../weights/lora/lora-file.ts';
import { loraTargets } from '../../../weights/lora/lora-targets.ts';
import { matchLora } from '../../../weights/lora/match-lora.ts';
import type { TrainedLora } from '../../../generation/kinds/training/trained/lora.ts';
import type { Initial } from '../contract/method.ts';

/**
 * The factors of a LoRA, of which the second ones hold what its file says of their scale: they are divided by that of the new one, so that it begins as what the
 * file draws. `invalid_request` for one that changes more than layers of the UNet, or otherwise than by two factors.
 */
export async function initialLora(
  path: string,
  base: BaseCheckpoint,
  trained: TrainedLora,
): Promise<Initial<TrainedLora>> {
  const { rank, alpha } = trained;
  const lora = await openLoraFile(path);
  const { deltas, lowRank, unmatched } = await matchLora(lora, loraTargets(base), base.family.name);
  if (!lowRank) throw wrongInit('It changes layers otherwise than by two factors.');
  if (deltas.text.size + deltas.text_2.size > 0) throw wrongInit('It changes text encoders, which are not trained.');
  const [stranger] = unmatched;
  if (stranger !== undefined) throw wrongInit(`It changes ${stranger}, which the base model does not have.`);
  const factors = await readLowRankFactors(lora.file.folder, deltas.unet, base.unet.weights);
  const weights = new Map(
    [...factors].flatMap(([layer, { rank: own, down, up }]) => {
      const scaled = up.map((value) => (value * rank) / alpha);
      return [
        [`${layer}${branchInputs.down}`, initial(own, down)],
        [`${layer}${branchInputs.up}`, initial(own, scaled)],
      ] as const;
    }),
  );
  return { trained, weights };
}

function initial(rank: number, data: Float32Array): { shape: [number, number]; read: () => Promise<Float32Array> } {
  return { shape: [rank, data.length / rank], read: async () => await Promise.resolve(data) };
}
