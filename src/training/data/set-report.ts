import type { BadFile, SetSettings } from './contract/layout.ts';

/** How many there are, and the first of them. */
export interface Named<T> {
  readonly count: number;
  readonly first: readonly T[];
}

/** What is known of a set before the first step. */
export interface SetReport {
  /** Id of the layout in which it lay. */
  readonly layout: string;
  readonly pairs: number;
  /** Pairs of an epoch: each as often as it is to come. */
  readonly epoch: number;
  readonly maps: {
    readonly given: number;
    /** Pictures without a map, where others have one or every one needs one. */
    readonly missing: Named<string>;
    /** Maps without a picture. */
    readonly surplus: Named<string>;
  };
  /** What cannot be used, and why. */
  readonly bad: Named<BadFile>;
  readonly captions: {
    readonly found: number;
    /** Pairs without a word. */
    readonly empty: number;
    /** Those whose end is not read, as they have more tokens than are. */
    readonly cut: number;
    /** Tokens that are read of one, its start and its end among them; null where they were not counted. */
    readonly tokens: number | null;
  };
  /** Files that are no part of any set, such as Thumbs.db. */
  readonly clutter: number;
  /** Files that no pair names. */
  readonly unused: Named<string>;
  /** Pairs that are another one once more: the same picture, map and caption. */
  readonly twice: number;
  /** Pictures with fewer pixels across or down than they are trained at. */
  readonly enlarged: number;
  /** What the set says of the training on it, which nobody follows unasked. */
  readonly settings: SetSettings;
  /** The first three pairs as they are used; of a caption of more than 1,000 characters its start. */
  readonly first: readonly { readonly picture: string; readonly map: string | null; readonly caption: string }[];
}
