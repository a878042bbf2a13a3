import { z } from 'zod';
import type { TrainingLook } from '../../generation/training-look.ts';
import type { Links } from '../http/links.ts';

const colours = z.array(z.number()).describe('Of red, green and blue, 0 to 1');
const channels = z.object({ mean: colours, spread: colours }).meta({ id: 'ChannelFigures' }).nullable();

const lookSchema = z
  .object({
    step: z.int().describe('After which; 0: before the first'),
    training_loss: z.number().nullable().describe('Mean of the steps since the validation before'),
    loss: z.number().nullable().describe('On what is held out, at noise that is the same each time'),
    ranges: z.array(z.number()).describe('The same by range of timesteps, from the least noise to the most'),
    measure: z.enum(['fidelity', 'held_out_loss']).describe('What own and shuffled are'),
    own: z.number().nullable().describe('With the own map'),
    shuffled: z.number().nullable().describe("With another's; null where no maps are used"),
    g: z
      .number()
      .nullable()
      .describe('(own - shuffled) / (1 - shuffled) of fidelity, (shuffled - own) / shuffled of the loss'),
    interval: z.array(z.number()).nullable().describe('95 % of g'),
    ceiling: z.number().nullable().describe('g of the true pictures'),
    maps: z.int().describe('That were measured'),
    holds: z.boolean().describe('Whether the control acts, by these figures'),
    channels: z.object({ with: channels, without: channels }).describe('Of the pictures with it and without'),
    pictures: z.array(
      z
        .object({
          prompt: z.string(),
          seed: z.int(),
          map: z.string().nullable(),
          picture: z.string().describe('Drawn with what is trained'),
          without: z.string().describe('Drawn by the base model alone'),
        })
        .meta({ id: 'ValidationPicture' }),
    ),
  })
  .meta({ id: 'TrainingValidation' });

export const looksSchema = z
  .object({
    data: z.array(lookSchema),
    next_after: z.int().nullable().describe('`after` of the next page; null: there is none yet'),
    notices: z.array(z.object({ code: z.string(), step: z.int(), message: z.string() })),
  })
  .meta({ id: 'TrainingValidations' });

export type LooksView = z.output<typeof looksSchema>;
export type LookView = z.output<typeof lookSchema>;

/** A look at a training as clients see it. */
export function lookView(id: string, { figures, trainingLoss, channels: drawn, pictures }: TrainingLook, links: Links) {
  const { step, ranges, interval, ...others } = figures;
  return {
    step,
    training_loss: trainingLoss,
    ...others,
    ranges: [...ranges],
    interval: interval === null ? null : [...interval],
    channels: { with: channelsView(drawn.with), without: channelsView(drawn.without) },
    pictures: pictures.map(({ prompt, seed, map }, index) => ({
      prompt,
      seed,
      map: map === null ? null : links.look(id, step, index, 'map'),
      picture: links.look(id, step, index, 'picture'),
      without: links.look(id, step, index, 'without'),
    })),
  } satisfies LookView;
}

function channelsView(figures: TrainingLook['channels']['with']) {
  return figures === null ? null : { mean: [...figures.mean], spread: [...figures.spread] };
}
