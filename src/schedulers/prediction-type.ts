export const predictionTypes = ['epsilon', 'v_prediction', 'sample'] as const;

export type PredictionType = (typeof predictionTypes)[number];

/** What somebody says of the prediction; what is left out is left to others. */
export interface ToldPrediction {
  readonly type?: PredictionType | undefined;
  readonly zeroSnr?: boolean | undefined;
}

/** What the network of a base model was trained to predict, and who said so. */
export interface Prediction {
  readonly type: PredictionType;
  /** Whether the last training timestep holds no signal: then a schedule must be rescaled to end there. */
  readonly zeroSnr: boolean;
  /**
   * `user`: `armature models set`. `armature.json` and `config`: a file of the model or beside it. `marker`: the weight file
   * itself, by the name of a tensor or by its metadata. `fingerprint`: it is a published file, byte for byte. `weights`: nobody, and one weight suggests it. `family`: nobody, and
   * it is what is usual.
   */
  readonly decidedBy: 'user' | 'armature.json' | 'config' | 'marker' | 'fingerprint' | 'weights' | 'family';
  /** Where it stands, for people: `scheduler/scheduler_config.json`, `the tensor v_pred`. */
  readonly source: string;
  /** Who of lower rank says something else, as a sentence; null where all agree. */
  readonly contradiction: string | null;
}
