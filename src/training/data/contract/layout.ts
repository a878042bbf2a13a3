import type { SetEntry } from './entry.ts';

/** The files of a set by their names. */
export interface SetFiles {
  readonly all: readonly SetEntry[];
  readonly byName: ReadonlyMap<string, SetEntry>;
}

/** A pair as its layout names it; nothing of it has been opened yet. */
export interface PairDraft {
  /** Where the pair stands, for messages: the picture's name, or the line that names it. */
  readonly place: string;
  readonly picture: SetEntry;
  readonly map: SetEntry | null;
  readonly caption: CaptionDraft;
  /** How often the pair comes in an epoch. */
  readonly repeats: number;
}

/** Where a caption comes from: a text as it is, a file that holds it, or nowhere. */
export type CaptionDraft = { readonly text: string } | { readonly file: SetEntry } | null;

/** A file, a line or a pair that cannot be used, and why, as a sentence. */
export interface BadFile {
  readonly name: string;
  readonly reason: string;
}

/** What a layout says of a set. */
export interface Laid {
  readonly pairs: readonly PairDraft[];
  readonly bad: readonly BadFile[];
  /** Files that are part of the layout itself: lists of pairs, settings. */
  readonly lists: readonly SetEntry[];
  /** Maps that no picture belongs to. */
  readonly surplusMaps: readonly SetEntry[];
  /** What else it says of a training. */
  readonly settings: SetSettings;
}

/** What a set may say of the training on it. */
export interface SetSettings {
  /** Pixels. */
  readonly resolution?: { readonly width: number; readonly height: number };
  readonly batch?: number;
  readonly flip?: boolean;
}

export interface LayoutRules {
  /** Bytes of a file that lists pairs. */
  readonly listBytes: number;
  /** Lines of such a file, and pairs that it names. */
  readonly entries: number;
}

/** A way in which people keep pictures with captions and maps. */
export interface Layout {
  readonly id: string;
  /** What such a set looks like, for the message that lists what would have been taken. */
  readonly looks: string;
  /** Whether the files lie like this; names are all that is looked at. */
  fits(files: SetFiles): boolean;
  /** @throws ArmatureError `invalid_set` where the whole of it cannot be read. */
  read(files: SetFiles, rules: LayoutRules): Promise<Laid>;
}
