import { ArmatureError } from '../errors.ts';
import type { BaseModel } from './models/base.ts';
import type { PlannedPass } from './passes.ts';
import type { GenerationPlan } from './plan.ts';
import { composedPrompts } from './prompts.ts';
import type { GenerationRequest } from './request/generation.ts';

/** How far a model that edits follows the picture where a request says nothing of it (diffusers and A1111). */
const defaultImageGuidance = 1.5;

/**
 * Refuses what a base model was not trained for: one that edits pictures by words needs a picture and takes no part of one, one that
 * inpaints is given a mask that says yes or no, and the others follow no picture. Throws `invalid_request` at the field.
 */
export function refuseOtherTasks(request: GenerationRequest, { id, task }: BaseModel): void {
  if (task !== 'editing' && request.image_guidance_scale !== undefined) {
    throw invalid(
      'image_guidance_scale',
      `The model ${id} edits no picture by words: image_guidance_scale is for models that do (instruct-pix2pix). Leave it out.`,
    );
  }
  if (task === 'inpainting' && request.mask_mode === 'soft') {
    throw invalid(
      'mask_mode',
      `The model ${id} is given the mask itself and knows no grey in it: expected mask_mode "hard". A model that was not trained for inpainting takes "soft".`,
    );
  }
  if (task !== 'editing') return;
  if (request.init_image === undefined) {
    throw invalid(
      'init_image',
      `The model ${id} changes a picture by words: expected init_image with the prompt that says what is to be changed.`,
    );
  }
  const field = (['mask_image', 'extend', 'strength', 'hires'] as const).find((name) => request[name] !== undefined);
  if (field !== undefined) {
    const instead = inTheirPlace[field];
    throw invalid(field, `The model ${id} changes a picture by words and takes no ${field}: ${instead}.`);
  }
  if (composedPrompts({ prompt: request.prompt, promptSyntax: request.prompt_syntax }) > 1) {
    throw invalid(
      'prompt',
      `The model ${id} changes a picture by words and takes one prompt: AND composes several. Write it in small letters where it is a word.`,
    );
  }
}

/** Refuses prompts that are composed in a pass whose model cannot: it answers as if guided already. */
export function refuseComposed(passes: readonly PlannedPass[]): void {
  const pass = passes.find(({ embedsGuidance, prompts }) => embedsGuidance === true && prompts > 1);
  if (pass === undefined) return;
  throw invalid(
    `${pass.reading.prompt.within}prompt`,
    `The model ${pass.model.id} takes guidance_scale as an input and one prompt: AND composes several. Write it in small letters where it is a word.`,
  );
}

/** Refuses a model that edits pictures by words as that of a second pass. */
export function refuseEditingAfter(base: BaseModel | null): void {
  if (base?.task !== 'editing') return;
  const detail = `The model ${base.id} changes a picture by words and draws no second pass: name one that draws.`;
  throw invalid('hires.model', detail);
}

/** What a model that edits has in the place of a field. */
const inTheirPlace = {
  mask_image: 'it changes all of init_image',
  extend: 'draw on with a model that draws, and change the result',
  strength: 'image_guidance_scale says how far the picture is followed',
  hires: 'draw over what it gave in a second request',
} as const;

/** What a plan says of the picture that is edited; nothing for models that edit none. */
export function imageGuidance(
  { image_guidance_scale: scale = defaultImageGuidance }: GenerationRequest,
  { task }: BaseModel,
): Pick<GenerationPlan, 'imageGuidanceScale'> {
  return task === 'editing' ? { imageGuidanceScale: scale } : {};
}

function invalid(field: string, detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field });
}
