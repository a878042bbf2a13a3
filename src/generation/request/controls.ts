import { z } from 'zod';
import { conditionExamples } from '../../conditions/registry.ts';
import { resizeModes } from '../../pixels/resize-mode.ts';
import { controlModes, controlPasses } from './choices.ts';
import { type ControlImage, controlImage } from './control-image.ts';
import { called, named } from './foreign-names.ts';
import { limits } from './limits.ts';
import { pictureReference } from './pictures.ts';
import { fieldOptions, noted } from './request-fields.ts';
import { id, integer, real } from './scalars.ts';

/** The fields of a control that say a picture. */
export const controlPictures = ['image', 'mask'] as const;

/** The field of a control that says several. */
export const controlPictureList = 'images';

const controlFields = {
  type: id
    .describe('Condition: an id that GET /v1/conditions lists; or image_prompt')
    .meta({ examples: [...conditionExamples] }),
  image: controlImage.optional(),
  images: z
    .array(pictureReference)
    .min(1)
    .max(limits.promptPictures)
    .optional()
    .describe('In place of image, of an image_prompt: pictures that are attended to together'),
  preprocess: z
    .union([z.boolean(), z.record(z.string(), z.unknown())])
    .optional()
    .describe(
      'Options of the extractor that makes the map; true for its defaults; false when the picture already is a map. ' +
        'Left out, it is true where the condition has an extractor, false where it has none and for a map of an earlier job.',
    )
    .meta({ examples: [false, { low_threshold: 100, high_threshold: 200 }] }),
  resolution: integer(limits.resolution)
    .optional()
    .describe(
      'Short side in pixels at which the extractor sees the picture; left out, it sees it at the size of the output.',
    )
    .register(fieldOptions, {
      flag: '--resolution <pixels>',
      says: 'short side at which its extractor sees the picture',
    }),
  model: id
    .optional()
    .describe("ControlNet or adapter; by default the base model's own for this type")
    .register(fieldOptions, {
      flag: '--control-model <id>',
      says: "ControlNet, where another than the base model's own is wanted",
    }),
  scale: real(limits.controlScale)
    .default(1)
    .describe('How strongly the control acts')
    .register(fieldOptions, { flag: '--control-scale <number>', says: 'how strongly it acts (default: 1)' }),
  start: real(limits.controlWindow)
    .default(0)
    .describe('Share of the steps after which it begins to act')
    .register(fieldOptions, {
      flag: '--control-start <share>',
      says: 'share of the steps after which it begins to act (default: 0)',
    }),
  end: real(limits.controlWindow)
    .default(1)
    .describe('Share of the steps after which it acts no more')
    .register(fieldOptions, {
      flag: '--control-end <share>',
      says: 'share of the steps after which it acts no more (default: 1)',
    }),
  every: integer(limits.controlEvery)
    .default(1)
    .describe('Steps from one at which the ControlNet runs to the next')
    .register(fieldOptions, {
      flag: '--control-every <steps>',
      says: 'its network runs at every so many steps, and what it gave is used again between (default: 1)',
    }),
  mode: z
    .enum(controlModes)
    .default('balanced')
    .describe('Which weighs more, the prompt or the control; guess weighs as the guess mode of diffusers does')
    .register(fieldOptions, { flag: '--control-mode <mode>', says: controlModes.join(', ') }),
  passes: z
    .enum(controlPasses)
    .default('both')
    .describe('With hires: whether the control acts in the first pass (low), in the second (high), or in both')
    .register(fieldOptions, {
      flag: '--control-passes <passes>',
      says: `in which passes it acts: ${controlPasses.join(', ')}`,
    }),
  resize: z
    .enum(resizeModes)
    .default('crop')
    .describe('How the picture is brought to the size of the output: stretch it, crop it, or fill its surroundings')
    .register(fieldOptions, {
      flag: '--resize <mode>',
      says: `how the picture is brought to the size: ${resizeModes.join(', ')}`,
    }),
  mask: pictureReference
    .optional()
    .describe(
      'Where the control acts: white where it does, black where it does not, grey in between; brought to the size of the output as the image is. Left out: everywhere.',
    )
    .register(fieldOptions, {
      flag: '--control-mask <file>',
      says: 'a picture that is white where it acts and black where it does not',
    }),
};

const foreignNames = new Map<string, string>([
  ...named(
    ['module', 'preprocessor', 'processor', 'annotator', 'control_type', 'condition'],
    'it is type here, and preprocess where options are meant',
  ),
  ...named(
    ['weight', 'strength', 'control_weight', 'control_strength', 'conditioning_scale', 'controlnet_conditioning_scale'],
    called('scale'),
  ),
  ...named(
    ['guidance_start', 'start_percent', 'begin_step_percent', 'control_guidance_start', 'starting_control_step'],
    called('start'),
  ),
  ...named(
    ['guidance', 'guidance_end', 'end_percent', 'end_step_percent', 'control_guidance_end', 'ending_control_step'],
    called('end'),
  ),
  ...named(['control_mode', 'guess_mode'], called('mode')),
  ...named(['resize_mode'], called('resize')),
  ...named(['processor_res', 'detect_resolution', 'image_resolution'], called('resolution')),
  ...named(
    ['threshold_a', 'threshold_b', 'low_threshold', 'high_threshold', 'processor_params', 'options'],
    'it is an option of preprocess here, such as {"low_threshold": 100}',
  ),
  ...named(['input_image', 'control_image', 'image_url', 'picture'], called('image')),
  ...named(['mask_image', 'effective_region_mask', 'region'], called('mask')),
  ...named(['control_net_name', 'controlnet', 'model_name', 'control_model'], called('model')),
  ...named(['pixel_perfect'], 'a control without resolution is that here'),
  ...named(['enabled', 'enable'], 'a control that is to do nothing is left out here'),
]);

/** One of the pictures that steer a generation, and how. */
export const controlRequest = noted(
  z
    .strictObject(controlFields)
    .superRefine(({ image, images }, context) => {
      if (image === undefined && images === undefined) {
        context.addIssue({ code: 'invalid_type', expected: 'object', path: ['image'], input: image });
      } else if (image !== undefined && images !== undefined) {
        context.addIssue({ code: 'custom', message: 'left out where images says the pictures', path: ['image'] });
      }
    })
    .describe('A picture that fixes a part of the structure, or prompts, and how it acts')
    .meta({ id: 'Control' }),
  { foreign: foreignNames },
);

export type ControlRequest = Omit<z.output<typeof controlRequest>, 'image'> & {
  /** The first of several. */
  readonly image: ControlImage;
};
