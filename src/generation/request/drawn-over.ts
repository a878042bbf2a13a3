import { z } from 'zod';
import { resizeModes } from '../../pixels/resize-mode.ts';
import { inpaintAreas, maskChannels, maskFills, maskModes } from './choices.ts';
import { limits } from './limits.ts';
import { pictureReference } from './pictures.ts';
import { fieldOptions } from './request-fields.ts';
import { integer, real } from './scalars.ts';

/** The fields of a generation itself that say a picture. */
export const generationPictures = ['init_image', 'mask_image'] as const;

/** A picture that is drawn over, and which part of it. */
export const drawnOverFields = {
  init_image: pictureReference
    .optional()
    .describe(
      'A picture that is drawn over; what is transparent in it is white. Without it drawing begins with noise alone',
    )
    .register(fieldOptions, { flag: '--init-image <file>', says: 'a picture that is drawn over' }),
  init_resize: z
    .enum(resizeModes)
    .optional()
    .describe(
      'How init_image is brought to the size: stretch it, crop it (the default), or fill its surroundings. Without width and height the size is its own, as far as the model draws that much',
    )
    .register(fieldOptions, {
      flag: '--init-resize <mode>',
      says: `how --init-image is brought to the size: ${resizeModes.join(', ')} (default: crop)`,
    }),
  strength: real(limits.strength)
    .optional()
    .describe(
      'Share of the steps, the last ones, that are drawn over init_image: the higher, the less is left of it; 0.75 by default, 1 with extend',
    )
    .register(fieldOptions, {
      flag: '--strength <number>',
      says: 'share of the steps that are drawn over --init-image (default: 0.75)',
    }),
  mask_image: pictureReference
    .optional()
    .describe('A picture of the size of init_image, white where that is drawn anew. The rest of it stays as it is')
    .register(fieldOptions, { flag: '--mask-image <file>', says: 'white where --init-image is drawn anew' }),
  mask_mode: z
    .enum(maskModes)
    .optional()
    .describe(
      'hard (the default): what is above a half is drawn anew. soft: the lighter it is, the earlier a place joins in',
    )
    .register(fieldOptions, { flag: '--mask-mode <mode>', says: `${maskModes.join(', ')} (default: hard)` }),
  mask_channel: z
    .enum(maskChannels)
    .optional()
    .describe('What of mask_image counts: its luminance (the default), or its alpha, where opaque is drawn anew')
    .register(fieldOptions, {
      flag: '--mask-channel <channel>',
      says: `${maskChannels.join(', ')} (default: luminance)`,
    }),
  mask_blur: real(limits.maskBlur)
    .optional()
    .describe('How far the edge of the mask is softened, in pixels of the picture; 4 by default')
    .register(fieldOptions, {
      flag: '--mask-blur <pixels>',
      says: 'how far the edge of the mask is softened (default: 4)',
    }),
  inpaint: z
    .strictObject({
      area: z
        .enum(inpaintAreas)
        .optional()
        .describe(
          'whole (the default): the whole picture is drawn. masked: only the part around what is masked, at width x height, and put into the picture, whose size the output has',
        )
        .register(fieldOptions, { flag: '--inpaint-area <area>', says: `${inpaintAreas.join(', ')} (default: whole)` }),
      padding: integer(limits.inpaintPadding)
        .optional()
        .describe(
          'Of the area masked: pixels of the picture around what is masked that are drawn with it; 32 by default',
        )
        .register(fieldOptions, {
          flag: '--inpaint-padding <pixels>',
          says: 'pixels around what is masked that are drawn with it (default: 32)',
        }),
      fill: z
        .enum(maskFills)
        .optional()
        .describe(
          'What drawing begins with where it draws anew: what is there, its blurred surroundings, noise or nothing. Left out it is original, and with a strength of 1 drawing begins with noise alone',
        )
        .register(fieldOptions, { flag: '--inpaint-fill <fill>', says: maskFills.join(', ') }),
    })
    .optional()
    .describe('How the part that mask_image or extend says is drawn anew')
    .meta({ id: 'Inpaint' }),
  extend: z
    .strictObject({
      left: integer(limits.extension)
        .default(0)
        .register(fieldOptions, { flag: '--extend-left <pixels>', says: 'draw on beyond the left side' }),
      top: integer(limits.extension)
        .default(0)
        .register(fieldOptions, { flag: '--extend-top <pixels>', says: 'draw on beyond the top' }),
      right: integer(limits.extension)
        .default(0)
        .register(fieldOptions, { flag: '--extend-right <pixels>', says: 'draw on beyond the right side' }),
      bottom: integer(limits.extension)
        .default(0)
        .register(fieldOptions, { flag: '--extend-bottom <pixels>', says: 'draw on beyond the bottom' }),
    })
    .optional()
    .describe(
      'How many pixels beyond each side of init_image are drawn, which keeps its own: width and height are its size before, and the output is larger by these',
    )
    .meta({ id: 'Extend' }),
} as const;
