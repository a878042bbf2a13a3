import { ArmatureError } from '../errors.ts';
import { addedFieldNames } from './request/added-fields.ts';
import { describeFamily } from './models/family.ts';
import type { ModelList } from './models/model-list.ts';
import type { AddedConditioning, BaseModel } from './models/base.ts';
import { type PictureSizes, type RowsAndColumns, type ToldSizes, usualScores } from './picture-sizes.ts';
import type { PlannedAdded } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';

/**
 * What a base model is told beside the prompts; undefined where it takes nothing. Throws `invalid_request` where the request says
 * something that the base model does not take, with those that do.
 */
export function resolveAdded(
  request: GenerationRequest,
  base: BaseModel,
  { bases }: ModelList,
): PlannedAdded | undefined {
  if (base.added === null) return refuseAdded(request, base, bases);
  const { negative_prompt: negative, negative_prompt_2: second } = request;
  if (negative === null && second !== undefined) {
    const detail =
      'negative_prompt_2 is what the second text encoder reads in place of negative_prompt, which is not given: send both.';
    throw new ArmatureError('invalid_request', detail, { field: 'negative_prompt_2' });
  }
  const prompt: PictureSizes = {
    original: pairOf(request.original_size),
    crop: pairOf(request.crops_coords_top_left) ?? [0, 0],
    target: pairOf(request.target_size),
  };
  return {
    prompt2: request.prompt_2 ?? null,
    negativePrompt2: second ?? null,
    zeroNegative: negative === null && base.added.zeroNegative,
    ...toldOf(request, base.added, {
      prompt,
      negative: {
        original: pairOf(request.negative_original_size) ?? prompt.original,
        crop: pairOf(request.negative_crops_coords_top_left) ?? prompt.crop,
        target: pairOf(request.negative_target_size) ?? prompt.target,
      },
    }),
  };
}

function pairOf(numbers: readonly number[] | undefined): RowsAndColumns | null {
  const [rows, columns] = numbers ?? [];
  return rows === undefined || columns === undefined ? null : [rows, columns];
}

function refuseAdded(request: GenerationRequest, base: BaseModel, bases: readonly BaseModel[]): undefined {
  const field = addedFieldNames.find((name) => request[name] !== undefined);
  if (field === undefined) return undefined;
  const choices = bases.filter(({ added }) => added !== null).map(({ id }) => id);
  const fitting = choices.length === 0 ? 'none is here' : `here ${choices.join(', ')}`;
  const detail = `The model ${base.id} (${describeFamily(base.family)}) takes no ${field}: only models of SDXL do, ${fitting}.`;
  throw new ArmatureError('invalid_request', detail, { field, choices });
}

/**
 * What a model of SDXL is told with these sizes: a refiner scores too, and beside the negative prompt no crop where none is given for that
 * (diffusers).
 */
export function toldOf(
  request: GenerationRequest,
  { refines }: AddedConditioning,
  sizes: ToldSizes,
): Pick<PlannedAdded, 'sizes' | 'scores'> {
  if (!refines) return { sizes };
  const { aesthetic_score: prompt = usualScores.prompt, negative_aesthetic_score: negative = usualScores.negative } =
    request;
  const crop = pairOf(request.negative_crops_coords_top_left) ?? ([0, 0] as const);
  return { sizes: { ...sizes, negative: { ...sizes.negative, crop } }, scores: { prompt, negative } };
}
