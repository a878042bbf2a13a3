/** What a training set may have at most. Whoever sets other ones says all of them. */
export interface SetLimits {
  /** Files, clutter included. */
  readonly entries: number;
  /** Bytes of all files together, as they are once they are unpacked. */
  readonly unpackedBytes: number;
  /** Folders inside each other. */
  readonly nesting: number;
  /** Bytes of a file's name with its folders. */
  readonly nameBytes: number;
  /** Bytes of a picture or a map. */
  readonly pictureBytes: number;
  /** Bytes of a caption. */
  readonly captionBytes: number;
  /** Bytes of a file that lists pictures with their captions. */
  readonly listBytes: number;
}

export const defaultSetLimits: SetLimits = {
  entries: 200_000,
  unpackedBytes: 60 * 2 ** 30,
  nesting: 16,
  nameBytes: 1024,
  pictureBytes: 64 * 2 ** 20,
  captionBytes: 64 * 2 ** 10,
  listBytes: 256 * 2 ** 20,
};
