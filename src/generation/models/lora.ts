import { ArmatureError } from '../../errors.ts';
import { publicNames } from '../../graph/family.ts';
import type { DistillationId } from '../../schedulers/distillations.ts';
import type { BaseModel } from './base.ts';
import { findModel } from './find-model.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel, RejectedModel } from './model.ts';

/** An adapter of weights: a LoRA or one of its relatives. */
export interface LoraModel extends AnyFoundModel {
  readonly kind: 'lora';
  /** What prompts may call it beside its id: its title, its file's name, what its trainer called it. */
  readonly names: readonly string[];
  readonly fits: LoraFit;
  /** Such as `LoRA` and `DoRA`, the most frequent in its layers first. */
  readonly methods: readonly string[];
  readonly layers: number;
  /** The largest rank of its factors; null where it has none. */
  readonly rank: number | null;
  /** From its metadata. */
  readonly triggerWords: readonly string[];
  /** How it makes a model draw in few steps, as its maker or the user says; absent where nobody does. */
  readonly distilled?: DistillationId;
  /** Words whose embeddings it brings. */
  readonly words: readonly string[];
}

/** What a base model needs to have for a LoRA, as far as its header tells. */
export interface LoraFit {
  /** Width of the text that the UNet looks at. */
  readonly contextWidth: number | null;
  /** Width of the first text encoder. */
  readonly textWidth: number | null;
  readonly needsSdxl: boolean;
}

/** The LoRAs that are there, and what cannot be used. */
interface Loras {
  readonly loras: readonly LoraModel[];
  readonly rejected: readonly RejectedModel[];
}

/** The LoRA of an id; `model_invalid` where its file was refused, else `unknown_model` with the choices. */
export function findLora({ loras, rejected }: Loras, id: string, field: string): LoraModel {
  return findModel(loras, rejected, id, field, loraNoun.noun);
}

/**
 * The LoRA that a prompt names as `<lora:name:1>`: by its id, or by what its file, its title or its trainer calls it, first as it is
 * written and then in whatever case. Names hold spaces and dots. `models` are those that the tenant may use. Throws `unknown_model` with
 * the choices where there is none, and where several have the name.
 */
export function resolveLoraName(models: Loras, name: string, field: string): LoraModel {
  const { loras, rejected } = models;
  const same = (one: string): boolean => one.toLowerCase() === name.toLowerCase();
  const ways: readonly ((model: LoraModel) => boolean)[] = [
    ({ id }) => id === name,
    ({ names }) => names.includes(name),
    ({ id, names }) => [id, ...names].some(same),
  ];
  for (const isNamed of ways) {
    const [found, ...others] = loras.filter(isNamed);
    if (found === undefined) continue;
    if (others.length === 0) return found;
    const choices = [found, ...others].map(({ id }) => id);
    const detail = `Several LoRAs are called ${JSON.stringify(name.slice(0, 100))}: name one by its id, ${choices.join(' or ')}.`;
    throw new ArmatureError('unknown_model', detail, { field, choices });
  }
  return findModel(loras, rejected, name, field, loraNoun.noun);
}

/** Width of the text that SDXL's UNet looks at: it stands for the family in listings. */
const sdxlWidth = 2048;

/** The family that a LoRA was trained for, in a word. */
export function loraFamily({ fits }: LoraModel): string {
  if (fits.needsSdxl || fits.contextWidth === sdxlWidth) return 'sdxl';
  const width = fits.contextWidth ?? fits.textWidth;
  if (width === null) return '?';
  return publicNames.find(([, known]) => known === width)?.[0] ?? 'other';
}

/** What a base model needs to have, in words. */
export function describeLoraFit({ fits: { contextWidth, textWidth, needsSdxl } }: LoraModel): string {
  const facts = [
    ...(contextWidth === null ? [] : [`context width ${contextWidth}`]),
    ...(textWidth === null ? [] : [`text encoder of width ${textWidth}`]),
    ...(needsSdxl ? ['the second text encoder or the size embedding of SDXL'] : []),
  ];
  return facts.length === 0 ? 'its layers say nothing: known when it is used' : facts.join(', ');
}

/**
 * Why a LoRA does not fit a base model, as a sentence with the facts of both; null where nothing that is known of both speaks against
 * it. Whether its layers are there, and of which shape, is found out when it is opened.
 */
export function loraMisfit(base: BaseModel, lora: LoraModel): string | null {
  const { family, added } = base;
  const { fits } = lora;
  const textWidth = added?.textWidth ?? family.contextWidth;
  const differs = (width: number | null, own: number): boolean => width !== null && width !== own;
  const lacksSdxl = fits.needsSdxl && added === null;
  if (!lacksSdxl && !differs(fits.contextWidth, family.contextWidth) && !differs(fits.textWidth, textWidth))
    return null;
  const encoders =
    added === null ? 'one text encoder of that width' : `the text encoders of SDXL, the first of width ${textWidth}`;
  return `The LoRA ${lora.id} (${describeLoraFit(lora)}) does not fit the base model ${base.id} (context width ${family.contextWidth}, ${encoders}).`;
}

export const loraNoun = {
  noun: 'LoRA',
  list: 'loras',
  field: 'loras[].model',
  misfit: loraMisfit,
} as const satisfies ModelNoun<LoraModel>;
