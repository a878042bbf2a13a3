import type { PictureProgress } from '../device/protocol.ts';

/** How far a drawing has come, as plain data: all that another attempt at the same plan needs to go on with it. */
export interface DrawingState {
  /** Steps that all of its pictures have done, over all passes. */
  readonly step: number;
  /** In the order of the plan. */
  readonly pictures: readonly PictureState[];
  /** What was remarked so far. */
  readonly warnings: readonly string[];
  /** Samples in each batched evaluation so far. */
  readonly batches: readonly number[];
}

/** The pass that a picture is in and how far it has come there, or what its last pass left of it. */
export type PictureState = { readonly pass: number } & PictureProgress;

/** Where a drawing that may be interrupted is kept. */
export interface CheckpointPort {
  /** Milliseconds of drawing between two states; null where none are wanted. */
  readonly everyMs: number | null;
  /** Where the drawing goes on; null where it starts from the beginning. */
  load(): Promise<DrawingState | null>;
  save(state: DrawingState): void;
  /** Resolves when all that was to be saved is. */
  saved(): Promise<void>;
}

/** For a drawing that nobody goes on with. */
export const keptNowhere: CheckpointPort = {
  everyMs: null,
  load: async () => await Promise.resolve(null),
  save: () => {},
  saved: async () => await Promise.resolve(),
};
