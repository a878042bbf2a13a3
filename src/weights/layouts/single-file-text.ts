import { ArmatureError } from '../../errors.ts';
import { inferTextEncoderConfig, type TextLayout } from '../configs/infer.ts';
import { parseTextEncoderConfig, type TextReading } from '../configs/text-encoder-config.ts';
import { clipRules, fromOpenClip, openClipRules, projectedOpenClipRules } from '../key-maps/clip.ts';
import type { RenameRule } from '../key-maps/rename.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import type { BaseOverrides, TextEncoderPart } from './layout.ts';
import { usualTokenizer } from './usual-tokenizer.ts';
import { weightsOf } from './weights.ts';

/** A place where single files of a family keep a text encoder. */
interface TextPlace {
  readonly prefix: string;
  readonly name: TextEncoderPart['name'];
  readonly layout: TextLayout;
  readonly rules: readonly RenameRule[];
  readonly reading: TextReading;
}

const lastState: TextReading = { context: 'last', projects: false };
const beforeLast = (projects: boolean): TextReading => ({ context: 'penultimate', projects });

/** SDXL's second encoder, and the only one of its refiner. */
const second = {
  name: 'text_encoder_2',
  layout: { names: 'openclip', layers: 'all' },
  rules: projectedOpenClipRules,
  reading: beforeLast(true),
} as const;

const places: readonly TextPlace[] = [
  {
    prefix: 'cond_stage_model.transformer.',
    name: 'text_encoder',
    layout: { names: 'transformers', layers: 'SD 2.x' },
    rules: clipRules,
    reading: lastState,
  },
  {
    prefix: 'cond_stage_model.model.',
    name: 'text_encoder',
    layout: { names: 'openclip', layers: 'SD 2.x' },
    rules: openClipRules,
    reading: lastState,
  },
  {
    prefix: 'conditioner.embedders.0.transformer.',
    name: 'text_encoder',
    layout: { names: 'transformers', layers: 'all' },
    rules: clipRules,
    reading: beforeLast(false),
  },
  { prefix: 'conditioner.embedders.1.model.', ...second },
  { prefix: 'conditioner.embedders.0.model.', ...second },
];

/** What names of text encoders begin with. */
export const textPrefixes: readonly string[] = places.map(({ prefix }) => prefix);

/** The text encoders of a single file, in the order of their contexts. Throws `model_invalid` where it has none. */
export function openTextEncoders(file: SafetensorsFile, overrides: BaseOverrides): BaseTextEncoders {
  const names = [...file.tensors.keys()];
  const there = places.filter(({ prefix }) => names.some((name) => name.startsWith(prefix)));
  const [first, ...others] = there.map((place) => openTextEncoder(file, place, overrides));
  if (first !== undefined) return [first, ...others];
  const detail = `${file.name} is a base model without a text encoder: bring one that has all its parts.`;
  throw new ArmatureError('model_invalid', detail);
}

type BaseTextEncoders = readonly [TextEncoderPart, ...TextEncoderPart[]];

function openTextEncoder(
  file: SafetensorsFile,
  { prefix, name, layout, rules, reading }: TextPlace,
  { textEncoder, textEncoder2 }: BaseOverrides,
): TextEncoderPart {
  const stored = weightsOf([file], rules, prefix);
  const weights = layout.names === 'openclip' ? fromOpenClip(stored) : stored;
  const told = name === 'text_encoder' ? textEncoder : textEncoder2;
  const raw = { ...inferTextEncoderConfig(weights, file.name, layout.names, layout.layers), ...told };
  const config = parseTextEncoderConfig(raw, file.name, reading);
  return { name, config, weights, weightsFolder: file.folder, tokenizer: usualTokenizer(config) };
}
