import type { ArmatureError } from '../../errors.ts';
import type { ItemsBeingDrawn } from '../terminal/progress.ts';
import type { ServerAddress } from '../client/server-client.ts';
import type { Journal } from './journal.ts';
import type { LocalPictures } from './local-pictures.ts';

export interface BatchRun {
  readonly server: ServerAddress;
  readonly folder: string;
  readonly name: string;
  readonly priority: number | string | undefined;
  readonly pictures: LocalPictures;
  readonly journal: Journal;
  readonly signal: AbortSignal;
  /** Told of each item whose files are written. */
  readonly onItem: () => void;
  /** Told how far those are together that are drawn at the moment, at each look at them. */
  readonly onSteps: (drawing: ItemsBeingDrawn) => void;
  readonly onWait: (error: ArmatureError) => void;
}
