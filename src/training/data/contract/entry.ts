/** Where a set lies: a folder, a zip or a tar. */
export interface SetSource {
  readonly path: string;
}

/** A file of a set, wherever that lies: in a folder, in a zip, in a tar. */
export interface SetEntry {
  /** Its path in the set, with `/` between folders, in Unicode's composed form (NFC). */
  readonly name: string;
  /** Bytes, unpacked. */
  readonly bytes: number;
  /** All of it. @throws ArmatureError `invalid_set` where it is damaged, or larger than `mostBytes`. */
  read(mostBytes: number): Promise<Buffer>;
}

/** The files of a set. */
export interface SetEntries {
  /** Without clutter, sorted by name. */
  readonly files: readonly SetEntry[];
  /** Files that archivers, file browsers and trainers leave lying about, which are no part of the set. */
  readonly clutter: number;
  /** Gives back what is open. Nothing can be read afterwards. */
  close(): Promise<void>;
}
