import { z } from 'zod';
import { conditionExamples, maskedConditions } from '../conditions/registry.ts';
import { structureOf, structures } from '../conditions/structures.ts';
import { ArmatureError } from '../errors.ts';
import { addedFields } from './added-fields.ts';
import { schedulerIds, schedulersWithChurn, schedulersWithEta } from '../schedulers/registry.ts';
import { scheduleIds } from '../schedulers/schedules/registry.ts';
import { fieldPath } from '../text/field-path.ts';
import { foreignNames } from './foreign-names.ts';
import { isLongerThan } from './json-size.ts';
import { limits, type Range } from './limits.ts';
import { defaultBatchPriority, defaultPriority, priorities } from './priority.ts';
import { controlModes, inpaintAreas, maskChannels, maskFills, maskModes, outputFormats } from './plan.ts';
import { fieldOptions, noted } from './request-fields.ts';
import { webhookRequest } from './webhook.ts';
import { resizeModes } from '../pixels/resize-mode.ts';
import { promptSyntaxes } from '../prompt/syntax.ts';

const integer = ({ min, max, step }: Range) => {
  const bounded = z.int().min(min).max(max);
  return step === undefined ? bounded : bounded.multipleOf(step);
};
const real = ({ min, max }: Range) => z.number().min(min).max(max);

/** Longer ones are nobody's, and are not looked for. */
const id = z.string().max(limits.idLength);
const jobId = id.describe('Id of an earlier job that has succeeded: gen_...');
const index = z.int().min(0).max(limits.fileIndex);

const pictures = [
  z.strictObject({ upload_id: id.describe('Id of an upload: upl_...') }).meta({ id: 'UploadedImage' }),
  z.strictObject({ data: z.string().describe('The file as base64, or a data: URL') }).meta({ id: 'InlineImage' }),
  z.strictObject({ part: id.describe('Name of a file part of this multipart request') }).meta({ id: 'AttachedImage' }),
  z
    .strictObject({
      url: z.string().max(2048).describe('Public http or https address, fetched when the request is sent'),
    })
    .meta({ id: 'RemoteImage' }),
  z.strictObject({ generation: jobId, map: index.describe('Which of its maps') }).meta({ id: 'EarlierMap' }),
  z.strictObject({ generation: jobId, output: index.describe('Which of its outputs') }).meta({ id: 'EarlierOutput' }),
] as const;

/** Where a picture comes from. `part` names a file of the same multipart request. */
export const pictureReference = noted(
  z
    .union(pictures)
    .describe('A picture: exactly one of upload_id, data, part and url, or a map or an output of an earlier job')
    .meta({ id: 'Image' }),
  { foreign: foreignNames.picture },
);

/** A picture and which part of it is to be drawn anew. */
export const maskedPicture = z
  .strictObject({
    picture: pictureReference,
    mask: pictureReference.describe('A picture of the same size, white where that one is to be drawn anew'),
  })
  .describe(
    `Of ${maskedConditions.join(', ')}: a picture with a mask beside it; what is transparent in the picture is to be drawn anew too`,
  )
  .meta({ id: 'MaskedImage' });

/** The picture of an extraction. */
export const extractionImage = noted(
  z
    .union([...pictures, maskedPicture])
    .describe('A picture')
    .meta({ id: 'ExtractionImage' }),
  { foreign: foreignNames.picture },
);

/** The fields of a control that say a picture. */
export const controlPictures = ['image', 'mask'] as const;

/** The fields of a generation itself that say a picture. */
export const generationPictures = ['init_image', 'mask_image'] as const;

/** Structure as data is checked by itself: a fault deep inside has a path of its own. */
function checkedStructure<Schema extends z.ZodType>(kind: string, schema: Schema): Schema {
  return noted(schema, {
    checkAll(value, path) {
      const field = fieldPath(path);
      if (!isLongerThan(value, limits.structureBytes)) {
        structureOf(kind).parse(value, field);
        return;
      }
      const detail = `Expected ${field} to be at most ${limits.structureBytes} bytes as JSON but received more.`;
      throw new ArmatureError('invalid_request', detail, { field });
    },
  });
}

/** The picture of a control, or structure as data. */
export const controlImage = noted(
  z
    .union([
      ...pictures,
      maskedPicture,
      ...structures.map(({ kind, schema, name, description }) =>
        z
          .strictObject({ [kind]: checkedStructure(kind, schema) })
          .describe(description)
          .meta({ id: name }),
      ),
    ])
    .describe('A picture, or structure as data that the map is drawn from')
    .meta({ id: 'ControlImage' }),
  { foreign: foreignNames.picture },
);

const controlFields = {
  type: id.describe('Condition: an id that GET /v1/conditions lists').meta({ examples: [...conditionExamples] }),
  image: controlImage,
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
      'Short side in pixels at which the extractor sees the picture; its map is then resized. Left out, it sees the picture at exactly the size of the output.',
    )
    .register(fieldOptions, {
      flag: '--resolution <pixels>',
      says: 'short side at which its extractor sees the picture',
    }),
  model: id.optional().describe("ControlNet; by default the base model's own for this type").register(fieldOptions, {
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
  mode: z
    .enum(controlModes)
    .default('balanced')
    .describe('Which weighs more, the prompt or the control; guess weighs as the guess mode of diffusers does')
    .register(fieldOptions, { flag: '--control-mode <mode>', says: controlModes.join(', ') }),
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
      'Where the control acts: white where it does, black where it does not, grey in between. It is brought to the size of the output as the image is. Left out, the control acts everywhere.',
    )
    .register(fieldOptions, {
      flag: '--control-mask <file>',
      says: 'a picture that is white where it acts and black where it does not',
    }),
};

/** One of the pictures that steer a generation, and how. */
export const controlRequest = noted(
  z
    .strictObject(controlFields)
    .describe('A picture that fixes a part of the structure, and how it acts')
    .meta({ id: 'Control' }),
  { foreign: foreignNames.control },
);

/** An adapter of the model's weights, and how strongly it acts. */
export const loraRequest = noted(
  z
    .strictObject({
      model: id.describe('LoRA: an id that GET /v1/models lists'),
      scale: real(limits.loraScale)
        .default(1)
        .describe('How strongly it acts; below 0 it does the opposite, with 0 it does not act'),
      text_encoder_scale: real(limits.loraScale)
        .optional()
        .describe('The same for what it changes of the text encoder; as scale by default'),
    })
    .describe('A LoRA or one of its relatives, and how strongly it acts')
    .meta({ id: 'LoraUse' }),
  { foreign: foreignNames.lora },
);

const outputFields = {
  format: z.enum(outputFormats).default('png').describe('File format of the outputs'),
  quality: integer(limits.quality)
    .optional()
    .describe('For jpeg and webp; 90 by default. png has no loss and takes none')
    .register(fieldOptions, { flag: '--quality <number>', says: 'of .jpg and .webp' }),
};

export const outputRequest = noted(
  z.strictObject(outputFields).describe('How pictures are encoded').meta({ id: 'MapEncoding' }),
  { foreign: foreignNames.output },
);

/** What a generation may say of its outputs besides. */
export const generationOutputRequest = noted(
  z
    .strictObject({
      ...outputFields,
      metadata: z
        .boolean()
        .optional()
        .describe(
          "Whether the files carry the prompt and all that they were made with as text; the server's operator sets the default. " +
            'That they are generated is marked in them either way.',
        ),
    })
    .describe('How outputs are encoded')
    .meta({ id: 'OutputEncoding' }),
  { foreign: foreignNames.output },
);

export const metadataRequest = z
  .record(z.string(), z.unknown())
  .refine((value) => !isLongerThan(value, limits.metadataBytes), {
    error: `an object of at most ${limits.metadataBytes} bytes as JSON`,
  })
  .describe(`Any JSON object of at most ${limits.metadataBytes} bytes; the job gives it back unchanged`)
  .meta({ examples: [{ order: 1234 }] });

export const priorityRequest = integer(priorities)
  .optional()
  .describe(
    `The higher, the sooner among what you have waiting; ${defaultPriority} by default, ${defaultBatchPriority} in a batch. It grows while the job waits`,
  );

const strictRequest = z
  .boolean()
  .default(false)
  .describe('Fail where a map is blank or looks like something else, or a prompt is cut, instead of warning');

const generationFields = {
  model: id.optional().describe('Base model: an id that GET /v1/models lists'),
  prompt: z
    .string()
    .max(limits.promptLength)
    .describe('What to draw; may be empty')
    .meta({ examples: ['a red cube on a green floor'] }),
  negative_prompt: z
    .string()
    .max(limits.promptLength)
    .nullable()
    .default(null)
    .describe(
      'What to keep away from. Left out or null, it is an empty text, or, where a model of SDXL was trained so, no text at all',
    )
    .register(fieldOptions, { flag: '--negative <text>', says: 'what to keep away from' }),
  ...addedFields,
  prompt_syntax: z
    .enum(promptSyntaxes)
    .default('a1111')
    .describe(
      'How both prompts are read: a1111 (emphasis, BREAK, schedules, alternation, AND, prompts of any length), or plain, text as it is, cut where the text encoder reads no further',
    )
    .register(fieldOptions, {
      flag: '--prompt-syntax <syntax>',
      says: `how prompts are read: ${promptSyntaxes.join(', ')} (default: a1111)`,
    }),
  width: integer(limits.width)
    .optional()
    .describe("Pixels; the model's own size by default")
    .register(fieldOptions, { flag: '--width <pixels>', says: 'a multiple of 8' }),
  height: integer(limits.height)
    .optional()
    .describe("Pixels; the model's own size by default")
    .register(fieldOptions, { flag: '--height <pixels>', says: 'a multiple of 8' }),
  steps: integer(limits.steps)
    .optional()
    .describe('Denoising steps')
    .register(fieldOptions, { flag: '--steps <number>', says: 'denoising steps' }),
  guidance_scale: real(limits.guidanceScale)
    .optional()
    .describe('How closely the prompt is followed; 1 switches classifier-free guidance off')
    .register(fieldOptions, { flag: '--guidance <number>', says: 'how closely the prompt is followed' }),
  guidance_rescale: real(limits.guidanceRescale)
    .default(0)
    .describe('Brings the contrast of guided outputs back (Lin et al. 2023, section 3.4); 0 is off')
    .register(fieldOptions, {
      flag: '--guidance-rescale <number>',
      says: 'brings the contrast of guided pictures back',
    }),
  scheduler: z
    .enum(schedulerIds)
    .optional()
    .describe('The sampler')
    .register(fieldOptions, { flag: '--scheduler <id>', says: schedulerIds.join(', ') }),
  schedule: z
    .enum(scheduleIds)
    .nullable()
    .default(null)
    .describe("How the noise levels of the steps are laid out; null: as the model's own settings space them")
    .register(fieldOptions, { flag: '--schedule <id>', says: scheduleIds.join(', ') }),
  eta: real(limits.eta)
    .nullable()
    .default(null)
    .describe(
      `Share of fresh noise in each step of ${schedulersWithEta.join(', ')}, which other schedulers do not have; null: the scheduler's own`,
    )
    .register(fieldOptions, {
      flag: '--eta <number>',
      says: `share of fresh noise in each step of ${schedulersWithEta.join(', ')}`,
    }),
  s_churn: real(limits.sChurn)
    .default(0)
    .describe(
      `How much noise the steps of ${schedulersWithChurn.join(' and ')} add and take away again, in all of them together; other schedulers take 0 only`,
    )
    .register(fieldOptions, {
      flag: '--s-churn <number>',
      says: `noise that steps of ${schedulersWithChurn.join(' and ')} add and take away again`,
    }),
  seed: integer(limits.seed)
    .nullable()
    .default(null)
    .describe('Seed of the first output; null lets the server choose')
    .register(fieldOptions, { flag: '--seed <number>', says: 'seed of the first picture; the next ones count on' }),
  count: integer(limits.count)
    .default(1)
    .describe('Number of outputs; output i is drawn with seed + i')
    .register(fieldOptions, { flag: '-n, --count <number>', says: 'how many pictures' }),
  clip_skip: integer(limits.clipSkip)
    .default(0)
    .describe('How many of the last layers of the text encoder are left out')
    .register(fieldOptions, { flag: '--clip-skip <number>', says: 'last layers of the text encoder to leave out' }),
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
      'Share of the steps, the last ones, that are drawn over init_image: the higher, the less is left of it; 0.75 by default',
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
    .describe('How the part that mask_image says is drawn anew')
    .meta({ id: 'Inpaint' }),
  variation: z
    .strictObject({
      seed: integer(limits.seed)
        .nullable()
        .default(null)
        .describe(
          'The other seed, of the first output; null lets the server choose. It counts on from output to output, and the own seed does not',
        )
        .register(fieldOptions, {
          flag: '--variation-seed <number>',
          says: 'another seed, whose noise pictures vary towards',
        }),
      strength: real(limits.variationStrength)
        .describe('How far on the way from the noise of the own seed (0) to that of the other (1) pictures begin')
        .register(fieldOptions, { flag: '--variation-strength <number>', says: 'how far they vary, 0 to 1' }),
    })
    .optional()
    .describe('Pictures that are near to that of seed, by noise that lies on the way to that of another seed')
    .meta({ id: 'Variation' }),
  controls: z.array(controlRequest).max(limits.controls).default([]).describe('Pictures that fix the structure'),
  loras: z
    .array(loraRequest)
    .max(limits.loras)
    .default([])
    .describe("Adapters of the model's weights, each named once; their order does not matter")
    .register(fieldOptions, {
      flag: '--lora <id[:scale[:te]]>',
      says: 'a LoRA, how strongly it acts (default: 1) and how strongly on the text encoder (default: the same); repeatable',
    }),
  strict: strictRequest.register(fieldOptions, {
    flag: '--strict',
    says: 'fail where a map is blank or looks like something else, or the prompt is cut',
  }),
  evaluate: z
    .boolean()
    .optional()
    .describe('Extract the condition of each control from each output again and report how well it was obeyed')
    .register(fieldOptions, { flag: '--evaluate', says: 'say how well each picture obeys its controls' }),
  best_of: integer(limits.bestOf)
    .default(1)
    .describe(
      'Candidates that are drawn for each output: the one that obeys its controls best is kept. Candidate c of output i is drawn with seed + i * best_of + c',
    )
    .register(fieldOptions, {
      flag: '--best-of <number>',
      says: 'draw so many for each picture and keep the one that obeys best',
    }),
  output: generationOutputRequest.prefault({}).describe('How the outputs are encoded'),
  priority: priorityRequest,
  metadata: metadataRequest.optional(),
  webhook: webhookRequest.optional().describe('Who is told of the end of the job'),
};

/** The body of POST /v1/generations: what works in this version and nothing else. */
export const generationRequest = noted(
  z.strictObject(generationFields).describe('What is to be drawn').meta({ id: 'GenerationRequest' }),
  {
    later: ['tiling'],
    foreign: foreignNames.generation,
  },
);

const extractionFields = {
  image: extractionImage,
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('Options of the extractor: GET /v1/conditions gives their JSON Schema'),
  resolution: integer(limits.resolution)
    .optional()
    .describe(
      "Short side in pixels that the picture is brought to first; the map has that size. Left out, the picture's own size.",
    ),
  strict: z.boolean().default(false).describe('Fail where the map is blank, instead of warning'),
  output: outputRequest.prefault({}).describe('How the map is encoded'),
  priority: priorityRequest,
  metadata: metadataRequest.optional(),
  webhook: webhookRequest.optional().describe('Who is told of the end of the job'),
};

/** The body of POST /v1/conditions/{type}. */
export const extractionRequest = z
  .strictObject(extractionFields)
  .describe('The picture that a map is to be made of')
  .meta({ id: 'ExtractionRequest' });

export type PictureReference = z.output<typeof pictureReference>;
export type MaskedPicture = z.output<typeof maskedPicture>;
/** Structure as data, which a request holds as a field named after its kind. */
export interface StructureImage {
  readonly structure: { readonly kind: string; readonly data: unknown };
}
export type ControlImage = PictureReference | MaskedPicture | StructureImage;
export type ControlRequest = Omit<z.output<typeof controlRequest>, 'image'> & { readonly image: ControlImage };
export type LoraRequest = z.output<typeof loraRequest>;
export type OutputRequest = z.output<typeof outputRequest>;
export type GenerationRequest = Omit<z.output<typeof generationRequest>, 'controls'> & {
  readonly controls: readonly ControlRequest[];
};
export type ExtractionRequest = z.output<typeof extractionRequest>;
