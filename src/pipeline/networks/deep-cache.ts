import type { Tensor } from '../../numeric/tensor.ts';

/** How a pass gives what lies deep in the denoiser again (Ma et al. 2023, DeepCache). */
export interface DeepCache {
  /** Steps from one that works all out to the next, above 1. */
  readonly every: number;
  /** The skip connection at which the denoiser is cut, that of its first convolution being 0: what is deeper is kept. */
  readonly depth: number;
}

/** What an evaluation of a row of such a pass does with what lies deep. */
export interface RowDepth {
  readonly depth: number;
  /** Kept of an earlier evaluation, [1, C, h, w], and given again; null where it is worked out anew. */
  readonly deep: Tensor | null;
}

/** Whether rows can go through a denoiser in one run: all of it, with what is deeper than one cut given out, or what lies above one cut. */
export function canShareDepth(rows: readonly (RowDepth | null)[]): boolean {
  const cut = rows.flatMap((row) => row ?? []);
  const [first] = cut;
  if (first === undefined) return true;
  if (cut.some(({ depth }) => depth !== first.depth)) return false;
  const again = cut.filter(({ deep }) => deep !== null).length;
  return again === 0 || again === rows.length;
}
