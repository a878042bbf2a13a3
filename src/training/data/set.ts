import type { SetReport } from './set-report.ts';

/** A file of a set that has been looked at. */
export interface SetFile {
  /** Its name in the set, for messages. */
  readonly name: string;
  /** Of its bytes, in hex: what caches are keyed by. */
  readonly sha256: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** Its bytes. @throws ArmatureError `invalid_set` where they are others than when it was looked at */
  read(): Promise<Buffer>;
}

/** What is learnt from: a picture, what it is called and, where one was given, the map that it is to follow. */
export interface TrainingPair {
  /** SHA-256 of picture, map and caption, in hex: the same wherever the pair lies and whatever its files are called. */
  readonly key: string;
  readonly picture: SetFile;
  /** Null where it is to be extracted, or where none is used. */
  readonly map: SetFile | null;
  /** As it is trained on, on one line, with the trigger word; '' for none. */
  readonly caption: string;
  /** How often it comes in an epoch, from 1. */
  readonly repeats: number;
}

/** A set that has been read and decoded once from its first file to its last. */
export interface TrainingSet {
  /** Sorted by key, so that the same pairs make the same set in whatever layout they came. */
  readonly pairs: readonly TrainingPair[];
  readonly report: SetReport;
  /** Gives back what is open; no file can be read afterwards. */
  close(): Promise<void>;
}

/** How often pairs come in an epoch, together. */
export function epochLength(pairs: readonly TrainingPair[]): number {
  return pairs.reduce((sum, { repeats }) => sum + repeats, 0);
}
