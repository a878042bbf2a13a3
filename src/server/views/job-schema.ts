import { z } from 'zod';
import { fidelityMetrics } from '../../conditions/contract/fidelity.ts';
import { jobStatuses, trainingStages } from '../../generation/job.ts';
import { effectiveSchemas, jobKindIds } from '../../generation/kinds/kinds.ts';
import { sha256, variationView } from '../../generation/references.ts';
import { jobErrorSchema } from './dead-letter.ts';
import { receiverSchema } from './delivery-view.ts';

const file = {
  url: z.string(),
  width: z.int(),
  height: z.int(),
  content_type: z.string(),
  bytes: z.int(),
  sha256,
};

const data = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe(
    'What was found, such as a pose as OpenPose JSON or the classes of a segmentation; null where there is nothing',
  );

const fidelity = z.array(
  z
    .object({
      control: z.int().describe('Index of the control'),
      condition: z.string().describe('Its condition'),
      metric: z.enum(fidelityMetrics).nullable().describe('What value is; null where the condition has no measure'),
      value: z.number().nullable().describe('The higher the better, 1 is perfect; null where it could not be measured'),
      details: z.record(z.string(), z.number()).describe('Further figures, such as precision and recall'),
      note: z.string().nullable().describe('Why there is no value'),
      networks: z.array(z.string()).describe('Networks that the condition was extracted with from the output'),
    })
    .meta({ id: 'Fidelity' }),
);

const candidates = z.array(
  z
    .object({
      seed: z.int(),
      variation: variationView.nullable(),
      score: z.number().nullable().describe('Mean of the values of its fidelity; null where none has one'),
      fidelity,
    })
    .meta({ id: 'Candidate' }),
);

const outputSchema = z
  .object({
    ...file,
    seed: z.int().nullable().describe('null for a map that was extracted'),
    variation: variationView
      .nullable()
      .describe('Whose noise it began near to; null where it was that of its seed alone'),
    data,
    fidelity: fidelity.nullable().describe('How well it obeys each control; null without evaluate'),
    candidates: candidates.nullable().describe('All that it was chosen from; null without best_of'),
  })
  .meta({ id: 'Output' });

const mapSchema = z
  .object({ ...file, control: z.int().describe('Index of the control that it steered'), data })
  .meta({ id: 'ControlMap' });

const trainingFigures = z
  .object({
    stage: z.enum(trainingStages),
    pictures: z.object({ done: z.int(), of: z.int() }).nullable().describe('That it has read or encoded'),
    loss: z.number().nullable().describe('Of the last step'),
    rate: z.number().nullable().describe('Learning rate of the last step'),
    samples_per_s: z.number().nullable().describe('Pictures learnt from in a second'),
    eta_s: z.number().nullable().describe('Seconds until its last step at that pace'),
    waits_for: z.string().nullable().describe('What it waits for'),
  })
  .meta({ id: 'TrainingFigures' });

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.enum(jobKindIds),
    status: z.enum(jobStatuses),
    url: z.string(),
    events_url: z.string(),
    page_url: z.string().describe('A page that shows the job to people'),
    progress: z
      .object({
        step: z.int(),
        steps: z.int(),
        share: z.number().describe('0 to 1: how much of its cost is spent'),
        training: trainingFigures.optional().describe('Of a training'),
      })
      .nullable(),
    priority: z.int().describe('0 to 9, the higher the sooner'),
    batch: z
      .object({ id: z.string(), index: z.int().describe('Which item, from 0') })
      .nullable()
      .describe('The batch that it is an item of'),
    queue_position: z
      .int()
      .nullable()
      .describe('About how many jobs are ahead of it, itself included, while it waits; else null'),
    eta_s: z
      .number()
      .nullable()
      .describe('Seconds until it is probably done, from the times of recent jobs; null where that is not known'),
    outputs: z.array(outputSchema),
    maps: z.array(mapSchema),
    effective: z.union(effectiveSchemas).describe('Every value as it was resolved'),
    report: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .describe('Of a training: what was found in its set; null until that was read'),
    warnings: z.array(z.string()),
    error: jobErrorSchema.nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    webhook: receiverSchema.nullable().describe('Who is told of its end; null for nobody'),
    attempt: z.int().describe('How often it has been started'),
    strikes: z.int().describe('How often the device or extractor process ended while it was in it; with 3 it is dead'),
    last_fault: jobErrorSchema
      .nullable()
      .describe('Why the last attempt that was no failure of the request ended; null where there was none'),
    checkpoint_step: z.int().nullable().describe('Step from which another attempt would go on; null: from the first'),
    dead: z.boolean().describe('Whether it failed because of faults: it is among the dead letters'),
    cancel_requested: z.boolean(),
    timings: z
      .object({
        wait_ms: z.number(),
        prepare_ms: z.number(),
        draw_ms: z.number(),
        evaluate_ms: z.number().nullable(),
        store_ms: z.number(),
      })
      .nullable(),
    mean_batch: z
      .number()
      .nullable()
      .describe('Mean number of samples, of this job and of others, in the batched steps it took part in'),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Job' });

export const jobListSchema = z
  .object({ data: z.array(jobSchema), next_cursor: z.string().nullable().describe('null on the last page') })
  .meta({ id: 'JobList' });

export type JobView = z.output<typeof jobSchema>;
export type OutputView = z.output<typeof outputSchema>;
