import { z } from 'zod';
import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';

const text = z.string().max(limits.promptLength).optional();
const side = z.int().min(limits.toldSide.min).max(limits.toldSide.max);
const offset = z.int().min(limits.toldOffset.min).max(limits.toldOffset.max);
const size = z.array(side).length(2).optional();
const place = z.array(offset).length(2).optional();

/** Fields of a generation that only some families take: what SDXL is told beside a prompt, by diffusers' names. */
export const addedFields = {
  prompt_2: text
    .describe('Of SDXL: what its second text encoder reads; left out, that is prompt')
    .register(fieldOptions, { flag: '--prompt-2 <text>', says: 'of SDXL: what its second text encoder reads' }),
  negative_prompt_2: text
    .describe('Of SDXL: what its second text encoder reads in place of negative_prompt, which is to be given too')
    .register(fieldOptions, {
      flag: '--negative-2 <text>',
      says: 'of SDXL: what its second text encoder is to keep away from',
    }),
  original_size: size
    .describe('Of SDXL: [height, width] that the picture is said to have had; left out, the size at which it is drawn')
    .register(fieldOptions, {
      flag: '--original-size <height,width>',
      says: 'of SDXL: the size that the picture is said to have had',
    }),
  crops_coords_top_left: place
    .describe('Of SDXL: [top, left] at which the picture is said to have been cut out of that; [0, 0] by default')
    .register(fieldOptions, {
      flag: '--crops-coords-top-left <top,left>',
      says: 'of SDXL: where it is said to have been cut out',
    }),
  target_size: size
    .describe('Of SDXL: [height, width] that the picture is said to have; left out, the size at which it is drawn')
    .register(fieldOptions, {
      flag: '--target-size <height,width>',
      says: 'of SDXL: the size that the picture is said to have',
    }),
  negative_original_size: size
    .describe('As original_size, beside the negative prompt; left out, it is original_size')
    .register(fieldOptions, {
      flag: '--negative-original-size <height,width>',
      says: 'of SDXL: as --original-size, beside the negative prompt',
    }),
  negative_crops_coords_top_left: place
    .describe('As crops_coords_top_left, beside the negative prompt; left out, it is crops_coords_top_left')
    .register(fieldOptions, {
      flag: '--negative-crops-coords-top-left <top,left>',
      says: 'of SDXL: as --crops-coords-top-left, beside the negative prompt',
    }),
  negative_target_size: size
    .describe('As target_size, beside the negative prompt; left out, it is target_size')
    .register(fieldOptions, {
      flag: '--negative-target-size <height,width>',
      says: 'of SDXL: as --target-size, beside the negative prompt',
    }),
} as const;

export type AddedField = keyof typeof addedFields;
export const addedFieldNames = Object.keys(addedFields) as readonly AddedField[];
