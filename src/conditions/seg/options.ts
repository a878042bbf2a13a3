import { z } from 'zod';

import { networkId } from '../networks/network-id.ts';

/** The network that comes with the package. */
export const bundledNetwork = 'deeplab';

const photo = z.strictObject({ from: z.literal('photo'), network: networkId });
const labels = z.strictObject({
  from: z.literal('labels'),
  label_set: z.enum(['ade20k', 'voc']),
  first_label: z.int(),
});

export const segOptions = z
  .strictObject({
    from: z
      .enum(['photo', 'labels'])
      .default('photo')
      .describe('photo: what is seen in a photograph; labels: each pixel of the picture is the number of a class.'),
    network: networkId
      .optional()
      .describe(
        'Only with "from": "photo". deeplab, which knows 20 kinds of objects, or the id of a pulled network such as segformer-b0-ade, which knows all 150 (armature models pull segformer-b0-ade).',
      )
      .meta({ default: bundledNetwork }),
    label_set: z
      .enum(['ade20k', 'voc'])
      .optional()
      .describe(
        'Only with "from": "labels". Which classes the numbers mean: 150 of ADE20K or 21 of Pascal VOC (VOC\'s own colours are understood too).',
      )
      .meta({ default: 'ade20k' }),
    first_label: z
      .int()
      .min(0)
      .max(1)
      .optional()
      .describe(
        'Only with "from": "labels". The number of the first class. ADE20K\'s own files count from 1 and mean nothing by 0.',
      )
      .meta({ default: 0 }),
  })
  .superRefine(({ from, network, ...ofLabels }, context) => {
    const other = from === 'labels' ? 'photo' : 'labels';
    for (const [name, value] of Object.entries(from === 'labels' ? { network } : ofLabels)) {
      if (value === undefined) continue;
      context.addIssue({ code: 'custom', path: [name], message: `it has no effect without "from": "${other}"` });
    }
  })
  .transform((given) =>
    given.from === 'photo'
      ? { from: given.from, network: given.network ?? bundledNetwork }
      : { from: given.from, label_set: given.label_set ?? 'ade20k', first_label: given.first_label ?? 0 },
  )
  .pipe(z.discriminatedUnion('from', [photo, labels]));

export type SegOptions = z.output<typeof segOptions>;
export type PhotoOptions = Extract<SegOptions, { from: 'photo' }>;
export type LabelOptions = Extract<SegOptions, { from: 'labels' }>;

export function segNetworks(options: SegOptions): readonly string[] {
  if (options.from === 'labels') return [];
  return [options.network === bundledNetwork ? 'deeplabv3_mnv2_voc' : options.network];
}
