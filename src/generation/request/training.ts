import { z } from 'zod';
import { fieldOptions } from './request-fields.ts';
import { limits } from './limits.ts';
import { id, integer, real } from './scalars.ts';

export const trainingKinds = ['controlnet', 'lora'] as const;
export type TrainingKind = (typeof trainingKinds)[number];

/** Its field that names the base model. */
export const baseField = 'base';

/** Its field that names a model to begin as, and what that says where there is none. */
export const initField = 'init';
export const fromBase = 'base';

/** Which layers of a UNet a LoRA stands beside: those of one with all that stand before it. */
export const trainedTargets = ['attention', 'mlp', 'conv'] as const;
export type TrainedTarget = (typeof trainedTargets)[number];

export const rateSchedules = ['constant', 'cosine', 'one_cycle'] as const;
export type RateSchedule = (typeof rateSchedules)[number];

/** What bounds a training. */
const bounds = {
  steps: { min: 1, max: 10_000_000 },
  rows: { min: 1, max: 1024 },
  rate: { min: 1e-9, max: 1 },
  share: { min: 0, max: 1 },
  decay: { min: 0, max: 0.999_999 },
  gamma: { min: 0.01, max: 1000 },
  side: { min: 64, max: 2048, step: 8 },
  rank: { min: 1, max: 1024 },
  alpha: { min: 0.001, max: 10_000 },
  seed: { min: 0, max: 2 ** 32 - 1 },
  maps: { min: 2, max: 1024 },
  heldOut: { min: 0, max: 0.5 },
  minutes: { min: 0.01, max: 100_000 },
  jitter: { min: 0, max: 64 },
  timestepsPerMap: { min: 1, max: 64 },
  keep: { min: 0, max: 100 },
  prompts: 64,
  seeds: 8,
} as const;

/** How a training is looked at where it says no more than that it is. */
const usualValidation = { every: 500, maps: 8, seeds: [0] };

const validation = z
  .strictObject({
    every: integer(bounds.steps)
      .default(usualValidation.every)
      .describe('Steps from one look to the next; there is one before the first step and after the last one too')
      .register(fieldOptions, {
        flag: '--validation-every <steps>',
        says: 'draw pictures of held-out maps and measure them every so many steps (default of the others: 500)',
      }),
    prompts: z
      .array(z.string().max(limits.promptLength))
      .max(bounds.prompts)
      .default([])
      .describe('What is drawn, in turn; none: the captions of the pairs that are held out')
      .register(fieldOptions, {
        flag: '--validation-prompt <text>',
        says: 'what is drawn then; may be given several times (default: captions of held-out pairs)',
      }),
    maps: integer(bounds.maps)
      .default(usualValidation.maps)
      .describe('Of a ControlNet: held-out maps that are drawn and measured; the first eight are shown')
      .register(fieldOptions, {
        flag: '--validation-maps <number>',
        says: 'of a ControlNet: how many held-out maps are drawn and measured (default: 8)',
      }),
    seeds: z
      .array(integer(bounds.seed))
      .min(1)
      .max(bounds.seeds)
      .default(usualValidation.seeds)
      .describe('Of each picture')
      .register(fieldOptions, {
        flag: '--validation-seeds <seeds>',
        says: 'of each picture, with commas (default: 0)',
      }),
  })
  .describe('Pictures and figures of pairs that are not learnt from, while it is trained; null: none');

/** A word or a few that stand in every caption. */
const trigger = z.string().trim().min(1).max(100);

/** What a training is told, but for its data. */
export const trainingRequest = z
  .strictObject({
    kind: z
      .enum(trainingKinds)
      .describe('What is trained: a ControlNet, or a LoRA of the UNet')
      .register(fieldOptions, { flag: '--kind <kind>', says: `what is trained: ${trainingKinds.join(' or ')}` }),
    [baseField]: id.optional().describe('Base model that it is for').register(fieldOptions, {
      flag: '--base <id>',
      says: 'base model that it is for (default: the one that requests without a model get)',
    }),
    [initField]: id
      .default(fromBase)
      .describe(
        'What it begins as: "base", a copy of the base model\'s encoder or a LoRA that does nothing yet, or the id of a model of its kind that it trains on',
      )
      .register(fieldOptions, {
        flag: '--init <id>',
        says: 'a ControlNet or LoRA that it trains on (default: base, a new one)',
      }),
    condition: z
      .string()
      .max(40)
      .optional()
      .describe('Of a ControlNet: the condition of its maps, or a name of your own for maps of another kind')
      .register(fieldOptions, {
        flag: '--condition <id>',
        says: 'of a ControlNet: the condition of its maps, or a name of your own (a-z, 0-9, -) for maps of another kind',
      }),
    steps: integer(bounds.steps)
      .optional()
      .describe('Times that the weights are moved')
      .register(fieldOptions, { flag: '--steps <number>', says: 'how often the weights are moved' }),
    epochs: real({ min: 0.001, max: 100_000 })
      .optional()
      .describe('In the place of steps: how often each picture is learnt from')
      .register(fieldOptions, {
        flag: '--epochs <number>',
        says: 'in the place of --steps: how often each picture is learnt from',
      }),
    minutes: real(bounds.minutes)
      .optional()
      .describe('In the place of steps: as many as fit into this time, by the first steps that are measured')
      .register(fieldOptions, {
        flag: '--minutes <number>',
        says: 'in the place of --steps: as many as fit into this time, by the first steps that are measured',
      }),
    batch: integer(bounds.rows)
      .default(1)
      .describe('Pictures that are learnt from at once; memory grows with it')
      .register(fieldOptions, { flag: '--batch <number>', says: 'pictures that are learnt from at once (default: 1)' }),
    accumulation: integer(bounds.rows)
      .default(1)
      .describe('Batches for one step: as many times the batch in its memory')
      .register(fieldOptions, { flag: '--accumulation <number>', says: 'batches for one step (default: 1)' }),
    learning_rate: z
      .union([real(bounds.rate), z.literal('auto')])
      .optional()
      .describe(
        'The largest; "auto": found by a range test; 0.00001 for a ControlNet and 0.0001 for a LoRA where it is not told',
      )
      .register(fieldOptions, {
        flag: '--learning-rate <number>',
        says: 'the largest, or auto: found by a range test (default: 1e-5 for a ControlNet, 1e-4 for a LoRA)',
      }),
    schedule: z
      .enum(rateSchedules)
      .default('constant')
      .describe('How the learning rate changes')
      .register(fieldOptions, {
        flag: '--schedule <name>',
        says: `how the learning rate changes: ${rateSchedules.join(', ')} (default: constant)`,
      }),
    warmup: integer({ min: 0, max: bounds.steps.max })
      .default(0)
      .describe('Steps in which the learning rate grows from 0')
      .register(fieldOptions, {
        flag: '--warmup <steps>',
        says: 'steps in which the learning rate grows from 0 (default: 0)',
      }),
    ema: real(bounds.decay)
      .nullable()
      .default(null)
      .describe(
        'How much of a running average of the weights is kept at each step; null: none, and the last weights are the result',
      )
      .register(fieldOptions, {
        flag: '--ema <decay>',
        says: 'make a running average of the weights the result, which keeps so much of itself, such as 0.999',
      }),
    min_snr_gamma: real(bounds.gamma)
      .nullable()
      .default(null)
      .describe('Weighs timesteps by their signal (min-SNR); null weighs all alike')
      .register(fieldOptions, {
        flag: '--min-snr-gamma <number>',
        says: 'weigh timesteps by their signal (min-SNR), usually 5',
      }),
    resolution: z
      .array(integer(bounds.side))
      .length(2)
      .optional()
      .describe(
        'Width and height at which pictures are learnt from, in pixels; those of the base model where it is not told',
      )
      .register(fieldOptions, {
        flag: '--resolution <widthxheight>',
        says: 'at which pictures are learnt from, such as 512x512 (default: that of the base model)',
      }),
    flip: z
      .boolean()
      .default(false)
      .describe('Learn from half of the pictures mirrored, each time anew')
      .register(fieldOptions, { flag: '--flip', says: 'learn from half of the pictures mirrored, each time anew' }),
    map_jitter: integer(bounds.jitter)
      .default(0)
      .describe(
        'Of a ControlNet: pixels by which maps are moved at most, at random, each time anew, so that they need not fit so exactly',
      )
      .register(fieldOptions, {
        flag: '--map-jitter <pixels>',
        says: 'of a ControlNet: move maps by so many pixels at most, at random (default: 0)',
      }),
    timesteps_per_map: integer(bounds.timestepsPerMap)
      .default(1)
      .describe(
        'Of a ControlNet: timesteps at which each picture of a batch is learnt from, with one run of the hint encoder; memory grows with it',
      )
      .register(fieldOptions, {
        flag: '--timesteps-per-map <number>',
        says: 'of a ControlNet: timesteps at which each picture of a batch is learnt from (default: 1)',
      }),
    prompt_dropout: real(bounds.share)
      .optional()
      .describe(
        'Share of the captions that are left out; 0.5 for a ControlNet and 0.05 for a LoRA where it is not told',
      )
      .register(fieldOptions, {
        flag: '--prompt-dropout <share>',
        says: 'share of the captions that are left out (default: 0.5 for a ControlNet, 0.05 for a LoRA)',
      }),
    rank: integer(bounds.rank)
      .default(16)
      .describe('Of a LoRA')
      .register(fieldOptions, { flag: '--rank <number>', says: 'of a LoRA (default: 16)' }),
    alpha: real(bounds.alpha)
      .optional()
      .describe('Of a LoRA: it acts with alpha / rank; the rank where it is not told')
      .register(fieldOptions, {
        flag: '--alpha <number>',
        says: 'of a LoRA, which acts with alpha / rank (default: the rank)',
      }),
    targets: z
      .array(z.enum(trainedTargets))
      .min(1)
      .default(['attention'])
      .describe('Layers that a LoRA stands beside: attention, attention and mlp, or all three')
      .register(fieldOptions, {
        flag: '--targets <names>',
        says: 'layers that a LoRA stands beside: attention, or attention,mlp, or attention,mlp,conv (default: attention)',
      }),
    seed: integer(bounds.seed)
      .nullable()
      .default(null)
      .describe('Of all that is random in it; null lets the program choose')
      .register(fieldOptions, { flag: '--seed <number>', says: 'of all that is random in it' }),
    captions: z
      .enum(['found', 'none'])
      .default('found')
      .describe('Captions as they lie beside the pictures, or none although they may')
      .register(fieldOptions, {
        flag: '--captions <found|none>',
        says: 'learn from captions as they lie beside the pictures, or from none (default: found)',
      }),
    on_bad: z
      .enum(['refuse', 'skip'])
      .default('refuse')
      .describe('What becomes of a set with files that cannot be used')
      .register(fieldOptions, {
        flag: '--on-bad <refuse|skip>',
        says: 'what becomes of a set with files that cannot be used (default: refuse)',
      }),
    validation: validation.nullable().default(null),
    validation_split: real(bounds.heldOut)
      .optional()
      .describe(
        'Share of the pairs that are not learnt from; with validation a tenth, 2 to 64 of them, where it is not told, and else none',
      )
      .register(fieldOptions, {
        flag: '--validation-split <share>',
        says: 'share of the pairs that are not learnt from (default: a tenth, 2 to 64 pairs, with validation, else none)',
      }),
    keep: integer(bounds.keep)
      .default(0)
      .describe('Models from on the way that are kept beside the result, evenly over the steps, in checkpoints/step-N')
      .register(fieldOptions, {
        flag: '--keep <number>',
        says: 'models from on the way to keep beside the result, evenly over the steps, in checkpoints/step-N (default: 0)',
      }),
    trigger_word: trigger
      .nullable()
      .default(null)
      .describe('Stands in every caption, in front where [trigger] does not say where')
      .register(fieldOptions, { flag: '--trigger-word <text>', says: 'stands in every caption' }),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: 'expected a-z, 0-9, ".", "_" and "-"' })
      .optional()
      .describe('What the result is called')
      .register(fieldOptions, {
        flag: '--name <id>',
        says: 'what the result is called (default: as the output folder)',
      }),
  })
  .describe('What is trained, on which base model, and how');

export type TrainingRequest = z.output<typeof trainingRequest>;
