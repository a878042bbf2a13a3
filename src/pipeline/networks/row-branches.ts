import type { RowBranch } from './networks.ts';

/**
 * The rank that rows with different LoRAs may have together in one run. Every row goes through the branches of all of them: in the UNet of
 * Stable Diffusion 1.5 a rank of 128 in all its transformers is a seventh of the operations of a row of 64x64 cells.
 */
const mostJoinedRank = 128;

/** Whether rows with such LoRAs may share a run: they have few together, or one row has them all anyway. */
export function canShareBranches(rows: readonly (readonly RowBranch[])[]): boolean {
  const ranks = new Map(rows.flat().map(({ lora, rank }) => [lora, rank]));
  const together = [...ranks.values()].reduce((sum, rank) => sum + rank, 0);
  return together <= mostJoinedRank || rows.some((own) => own.length === ranks.size);
}
