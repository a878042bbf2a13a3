import { ArmatureError } from '../../errors.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import type { Prediction, PredictionType, ToldPrediction } from '../../schedulers/prediction-type.ts';

/** Somebody who may know what a network predicts. */
export interface Witness extends ToldPrediction {
  readonly by: Prediction['decidedBy'];
  /** Where it stands, for people. */
  readonly source: string;
  /** Whether it says nothing by itself: what is usual where such a file is silent. It contradicts nobody. */
  readonly silent?: true;
  /** Says something that is not known here: refused where nobody of higher rank has spoken. */
  readonly unknown?: ArmatureError;
}

/** What is known or assumed where nobody says it. */
export type Assumption = Pick<Prediction, 'type' | 'decidedBy' | 'source'>;

/**
 * The word of the first witness that speaks; `witnesses` are in the order of their rank. A zero terminal SNR that a lower
 * one speaks of does not go with epsilon, which a higher one said: pure noise says nothing of the sample.
 */
export async function decidePrediction(
  witnesses: readonly Witness[],
  assume: () => Promise<Assumption>,
): Promise<Prediction> {
  const first = witnesses.findIndex(({ type, unknown }) => type !== undefined || unknown !== undefined);
  const decider = witnesses[first];
  if (decider?.type === undefined && decider?.unknown !== undefined) throw decider.unknown;
  const { type, decidedBy, source } =
    decider?.type === undefined
      ? await assume()
      : { type: decider.type, decidedBy: decider.by, source: decider.source };
  const snr = witnesses.findIndex(({ zeroSnr }) => zeroSnr !== undefined);
  const overruled = type === 'epsilon' && first !== -1 && snr > first;
  const zeroSnr = !overruled && witnesses[snr]?.zeroSnr === true;
  const other = witnesses.find(
    (witness) => witness.type !== undefined && witness.type !== type && witness.silent !== true,
  );
  const told = decidedBy === 'user' || decidedBy === 'armature.json';
  const contradiction =
    other?.type === undefined || told ? null : `${source} says ${type}, ${other.source} says ${other.type}`;
  return { type, zeroSnr, decidedBy, source, contradiction };
}

const spellings: Readonly<Record<string, PredictionType>> = {
  epsilon: 'epsilon',
  eps: 'epsilon',
  noise: 'epsilon',
  v: 'v_prediction',
  vpred: 'v_prediction',
  vprediction: 'v_prediction',
  vparameterization: 'v_prediction',
  velocity: 'v_prediction',
  sample: 'sample',
  x0: 'sample',
};

/** The prediction type of a name in any of its spellings (`v`, `v-prediction`, `V_Pred`, `eps`); null where it is none. */
export function predictionNamed(name: string): PredictionType | null {
  const plain = name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, '');
  return spellings[plain] ?? spellings[plain.replace(/(prediction|pred)$/, '')] ?? null;
}

/** How programs write into the metadata of a file, which is text alone, that they do not know. */
const nothing = /^(?:|none|null|unknown)$/i;

/**
 * What a value under a name such as `prediction_type` says: text of a known spelling, nothing where it is empty, or else
 * something that is not known.
 */
export function saidType(value: unknown, field: string, file: string): Pick<Witness, 'type' | 'unknown'> {
  if (value === undefined || value === null || (typeof value === 'string' && nothing.test(value.trim()))) return {};
  const type = typeof value === 'string' ? predictionNamed(value) : null;
  if (type !== null) return { type };
  const detail =
    `The prediction type ${field} = ${JSON.stringify(value).slice(0, 80)} in ${file} is not supported; ` +
    'epsilon, v_prediction and sample are.';
  return { unknown: new ArmatureError('not_supported_yet', detail) };
}

/** True or false however it is written; undefined for anything else. */
export function saidSwitch(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = String(value).trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  return ['false', '0', 'no', 'off'].includes(text) ? false : undefined;
}

export const zeroSnrNames = [
  'rescale_betas_zero_snr',
  'zero_terminal_snr',
  'ss_zero_terminal_snr',
  'enable_zero_snr',
  'zero_snr',
  'ztsnr',
  'zsnr',
] as const;

/** Architectures of the ModelSpec standard whose name holds the prediction type. */
const architectures: readonly (readonly [RegExp, PredictionType])[] = [
  [/^stable-diffusion-v2-768-v/, 'v_prediction'],
  [/^stable-diffusion-v2-512/, 'epsilon'],
];

/**
 * What a weight file says of itself, by the names of its marker tensors (they may be empty), then by its metadata. Throws
 * `not_supported_yet` for markers of other kinds of training.
 */
export function markersOf(file: SafetensorsFile): readonly Witness[] {
  const tensors = new Set([...file.tensors.keys()].map((name) => name.replace(/^model\.(diffusion_model\.)?/, '')));
  const edm = ['edm_mean', 'edm_std', 'edm_vpred.sigma_max', 'edm_vpred.sigma_min'].find((name) => tensors.has(name));
  if (edm !== undefined) {
    const detail = `${file.name} was trained by EDM (its tensor ${edm} says so): not supported; epsilon, v_prediction and sample are.`;
    throw new ArmatureError('not_supported_yet', detail);
  }
  const marked = ['v_pred', 'ztsnr'].filter((name) => tensors.has(name));
  const byTensor: Witness = {
    by: 'marker',
    source: `the tensor ${marked.join(' and ')} of ${file.name}`,
    ...(tensors.has('v_pred') ? { type: 'v_prediction' } : {}),
    ...(tensors.has('ztsnr') ? { zeroSnr: true } : {}),
  };
  return [byTensor, ...metadataOf(file)];
}

function metadataOf({ metadata, name }: SafetensorsFile): readonly Witness[] {
  const source = (field: string): string => `${field} in the metadata of ${name}`;
  const witness = (field: string, said: Omit<Witness, 'by' | 'source'>): Witness => ({
    by: 'marker',
    source: source(field),
    ...said,
  });
  const types = ['modelspec.prediction_type', 'prediction_type', 'parameterization'].map((field) =>
    witness(field, saidType(metadata[field], field, name)),
  );
  const switches = ['v_pred', 'ss_v_parameterization', 'v_parameterization'].map((field) =>
    witness(field, saidSwitch(metadata[field] ?? '') === true ? { type: 'v_prediction' } : {}),
  );
  const architecture = architectures.find(([pattern]) => pattern.test(metadata['modelspec.architecture'] ?? ''));
  const named = architecture === undefined ? [] : [witness('modelspec.architecture', { type: architecture[1] })];
  const zeroSnr = zeroSnrNames.map((field) => witness(field, { zeroSnr: saidSwitch(metadata[field] ?? '') }));
  return [...types, ...switches, ...named, ...zeroSnr];
}
