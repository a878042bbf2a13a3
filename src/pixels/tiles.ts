import type { Size } from '../numeric/size.ts';
import type { Box } from './frame.ts';

/** A part that is looked at, and what of it is kept: the rest are its surroundings, which lie in other tiles too. */
export interface Tile {
  readonly seen: Box;
  /** Places in the picture. The kept parts of all tiles are the picture, once. */
  readonly kept: Box;
}

/** Tiles of at most `core` x `core` pixels that are kept, with `margin` pixels around each as far as the picture goes, row by row. */
export function tilesOf(size: Size, core: number, margin: number): readonly Tile[] {
  const columns = spans(size.width, core, margin);
  return spans(size.height, core, margin).flatMap((row) =>
    columns.map((column) => ({
      seen: { x: column.seen, y: row.seen, width: column.seenLength, height: row.seenLength },
      kept: { x: column.kept, y: row.kept, width: column.keptLength, height: row.keptLength },
    })),
  );
}

interface Span {
  readonly seen: number;
  readonly seenLength: number;
  readonly kept: number;
  readonly keptLength: number;
}

function spans(length: number, core: number, margin: number): readonly Span[] {
  return Array.from({ length: Math.ceil(length / core) }, (_, index) => {
    const kept = index * core;
    const end = Math.min(kept + core, length);
    const seen = Math.max(kept - margin, 0);
    const seenLength = Math.min(end + margin, length) - seen;
    return { seen, seenLength, kept, keptLength: end - kept };
  });
}
