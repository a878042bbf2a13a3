import type { SetArchive } from '../schema/schema.ts';

/** A training set that came in pieces, or is still coming: an archive whose bytes are objects of the store, one after another. */
export interface SetUpload {
  readonly id: string;
  readonly tenant: string;
  /** What names it in the plan of a job, in a field `key`: from then on the set is in use by that job. */
  readonly key: string;
  /** What its sender calls it; null for nothing. */
  readonly name: string | null;
  /** Bytes of all of it; null until somebody has said so. */
  readonly size: number | null;
  /** Bytes that are stored, from the first on. */
  readonly received: number;
  /** Whether all of it is there: before that no training can use it. */
  readonly whole: boolean;
  /** What it is by its first bytes; null before they are there. */
  readonly archive: SetArchive | null;
  readonly createdAt: Date;
  /** When it was last sent to or asked for. */
  readonly usedAt: Date;
}

/** An object of the store that holds a piece of a set. */
export interface SetPart {
  readonly key: string;
  readonly bytes: number;
}

/** What one tenant may have of sets. */
export interface SetQuota {
  /** Bytes: of a set whose size is announced all of it, of another one what has come. */
  readonly bytes: number;
  /** Sets that are not whole. */
  readonly unfinished: number;
}

export interface NewSet {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly name: string | null;
  readonly size: number | null;
  readonly createdAt: Date;
}

export type SetMade =
  | { readonly kind: 'made'; readonly set: SetUpload }
  /** Its tenant has no room for it; so many bytes are taken. */
  | { readonly kind: 'quota'; readonly held: number }
  /** Its tenant has too many sets that are not whole. */
  | { readonly kind: 'unfinished' };

/** Where somebody wants to go on. */
export interface SetStart {
  /** Of the first byte that comes; at most what is received. */
  readonly at: number;
  /** Bytes of the whole set, where that is said. */
  readonly size: number | null;
}

export type SetBegin =
  | { readonly kind: 'absent' }
  /** The bytes before `at` are not there yet. */
  | { readonly kind: 'gap'; readonly set: SetUpload }
  /** Another size was announced, or more is there than the size that is announced now. */
  | { readonly kind: 'size'; readonly set: SetUpload }
  | { readonly kind: 'quota'; readonly set: SetUpload; readonly held: number }
  /** Whoever held the set before is a writer no more. */
  | { readonly kind: 'begun'; readonly set: SetUpload; readonly writer: number };

/** A piece that is in the store and is to count. */
export interface StoredPiece {
  /** Who puts it there; a number that {@link SetBegin} gave. */
  readonly writer: number;
  /** Place of the object among those of the set: in place of the one that is there. */
  readonly index: number;
  readonly part: SetPart;
  /** Bytes of the set that are there before and after. */
  readonly from: number;
  readonly to: number;
  readonly archive: SetArchive | null;
}

export type PieceOutcome =
  /** `replaced` is the object in whose place it is. */
  | { readonly kind: 'stored'; readonly replaced: string | null }
  /** Somebody else writes by now, or the set is gone. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'quota'; readonly held: number };

export interface SetQuery {
  /** Id of the last one of the page before. */
  readonly before?: string;
  readonly limit: number;
}
