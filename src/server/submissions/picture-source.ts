import type { GivenPicture } from '../../generation/given-picture.ts';
import type { NewObject } from './inputs.ts';
import type { Fetcher } from '../../fetch/fetcher.ts';
import type { PictureLimits } from '../../images/picture-header.ts';
import type { PictureDecoder } from '../../images/decoder/decoder.ts';
import type { Records } from '../../records/records.ts';
import type { ObjectStore } from '../../store/store.ts';
import type { BudgetPart } from '../access/body-budget.ts';

/** A picture of a request that has been read to its end, and what the store has yet to get of it. */
export interface CheckedPicture extends GivenPicture {
  readonly objects: readonly NewObject[];
}

export interface PictureSource {
  readonly records: Records;
  readonly store: ObjectStore;
  readonly tenant: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly fetcher: Fetcher;
  readonly limits: PictureLimits;
  readonly decoder: PictureDecoder;
  /** Whose share of the decoder and of turns it takes. */
  readonly holder: string;
  /** Counts the bytes that are fetched. */
  readonly memory: BudgetPart;
}
