import { z } from 'zod';
import type { Condition } from './contract/condition.ts';

/** The type of controls that are given pictures and no maps: it fixes no structure, so it is none of the conditions that are listed. */
export const imagePrompt: Condition = {
  id: 'image_prompt',
  title: 'Image prompt',
  description: 'Pictures that say, beside the prompt, what is to be drawn and in what style.',
  options: z.strictObject({}),
  fidelity: { none: 'an image prompt fixes no structure that could be compared' },
};
