import type { PredictionType } from '../../schedulers/prediction-type.ts';

/** A single file that was published without a word on what it predicts. */
export interface PublishedFile {
  /** As its publisher calls it. */
  readonly name: string;
  readonly sha256: string;
  /** Bytes between which its size lies: a file of any other size is not read to the end to be compared. */
  readonly least: number;
  readonly most: number;
  readonly type: PredictionType;
}

/** SD 2.x in full precision: 5.21 GB each. */
const sd2 = { least: 5_200_000_000, most: 5_230_000_000 } as const;

/** The checkpoints of SD 2.0 and 2.1 that Stability AI published, by their card: 512 px predicts the noise, 768 px v. */
export const publishedFiles: readonly PublishedFile[] = [
  {
    name: '512-base-ema',
    sha256: 'ab800444cdd1e6ade2236874dd28db9608d1d740aaf6087c7273884140612993',
    ...sd2,
    type: 'epsilon',
  },
  {
    name: '768-v-ema',
    sha256: '703d49a1d847b218c5c230fce80ba1f73f848bc3afc06e48e727ee47fdf06b1f',
    ...sd2,
    type: 'v_prediction',
  },
  {
    name: 'v2-1_512-ema-pruned',
    sha256: 'df955bdf6b682338ea9b55dfc0d8f3475aadf4836e204893d28b82355e0956d2',
    ...sd2,
    type: 'epsilon',
  },
  {
    name: 'v2-1_512-nonema-pruned',
    sha256: 'fc4f9fe7528b2ee3de21971fb805bbf74d680bf1ab5b5f9c08379b0397b82a9d',
    ...sd2,
    type: 'epsilon',
  },
  {
    name: 'v2-1_768-ema-pruned',
    sha256: 'dcd690123cfc64383981a31d955694f6acf2072a80537fdb612c8e58ec87a8ac',
    ...sd2,
    type: 'v_prediction',
  },
  {
    name: 'v2-1_768-nonema-pruned',
    sha256: 'ff144a49841cf383adbc68841272ce639e1032b0a1f0f6586347feb953c244f4',
    ...sd2,
    type: 'v_prediction',
  },
];
