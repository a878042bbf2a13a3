import { z } from 'zod';
import { called } from './foreign-names.ts';
import { jobFields } from './job.ts';
import { noted } from './request-fields.ts';
import { id } from './scalars.ts';
import { otherNames } from './training-names.ts';
import { baseField, trainingRequest } from './training.ts';

/** Sets that one training may read one after another. */
const mostSets = 1000;

/** Which pictures a training learns from. */
export const trainingData = z
  .union([
    z.strictObject({ upload_id: id.describe('A set that was uploaded: POST /v1/uploads?kind=set') }),
    z.strictObject({
      upload_ids: z.array(id).min(1).max(mostSets).describe('Parts of one set, which are read one after another'),
    }),
  ])
  .describe('The set of pictures, captions and maps')
  .meta({ id: 'TrainingData' });

/** What trainers of others call the fields of ours, those too that the command line takes in another way. */
const foreign = new Map(
  Object.entries({
    ...otherNames,
    num_epochs: 'epochs',
    batch_size: 'batch',
    model: baseField,
    pretrained_model_name_or_path: baseField,
    train_data_dir: 'data',
    dataset: 'data',
  })
    // What has the same name in both is no other name.
    .filter(([theirs, ours]) => theirs !== ours)
    .map(([theirs, ours]) => [theirs, called(ours)] as const),
);

/** The body of POST /v1/trainings. */
export const trainingJobRequest = noted(
  z.strictObject({
    ...trainingRequest.shape,
    data: trainingData,
    dry_run: z
      .boolean()
      .default(false)
      .describe(
        'Train nothing: read the set, measure what it would take by a few steps, and say so in report.estimate',
      ),
    ...jobFields,
  }),
  { foreign },
)
  .describe('What is trained, on which base model, from which pictures, and how')
  .meta({ id: 'TrainingRequest' });

const { steps, epochs, minutes, learning_rate, schedule, warmup, seed, name } = trainingRequest.shape;

/** The body of POST /v1/trainings/{id}/continue: what may differ from the training that ended. */
export const continueRequest = noted(
  z.strictObject({
    steps,
    epochs,
    minutes,
    learning_rate,
    seed,
    name,
    schedule: schedule.unwrap().optional(),
    warmup: warmup.unwrap().optional(),
    data: trainingData.optional(),
    ...jobFields,
  }),
  { foreign },
)
  .describe('What differs from the training that ended; what is left out is as it was, but for the seed')
  .meta({ id: 'ContinueRequest' });

export type ContinueRequest = z.output<typeof continueRequest>;

export type TrainingJobRequest = z.output<typeof trainingJobRequest>;
