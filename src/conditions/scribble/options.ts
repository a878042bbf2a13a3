import { z } from 'zod';

import { hedResolution } from '../softedge/options.ts';

const hed = z.strictObject({ from: z.literal('hed'), resolution: z.number() });
const xdog = z.strictObject({ from: z.literal('xdog'), contrast: z.number() });
const drawing = z.strictObject({
  from: z.literal('drawing'),
  ink_threshold: z.number().nullable(),
  lines: z.enum(['auto', 'dark', 'bright']),
});

/** The options that each source has, with their defaults. */
const defaults = {
  hed: { from: 'hed', resolution: 512 },
  xdog: { from: 'xdog', contrast: 32 },
  drawing: { from: 'drawing', ink_threshold: null, lines: 'auto' },
} as const;

export const scribbleOptions = z
  .strictObject({
    from: z
      .enum(['hed', 'xdog', 'drawing'])
      .default('hed')
      .describe(
        'hed: the soft edges of a photograph, thinned to strokes; xdog: its dark lines by a difference of Gaussians; drawing: the strokes of a drawing.',
      ),
    resolution: hedResolution.optional().meta({ default: 512 }),
    contrast: z
      .number()
      .min(1)
      .max(255)
      .optional()
      .describe('Only with "from": "xdog". How much darker than its surroundings a stroke is. Lower finds more.')
      .meta({ default: 32 }),
    ink_threshold: z
      .number()
      .int()
      .min(1)
      .max(254)
      .nullable()
      .optional()
      .describe(
        'Only with "from": "drawing". Grey level between paper and ink; null chooses it by the histogram (Otsu).',
      )
      .meta({ default: null }),
    lines: z
      .enum(['auto', 'dark', 'bright'])
      .optional()
      .describe(
        'Only with "from": "drawing". Whether the strokes are dark or bright; auto takes what there is less of.',
      )
      .meta({ default: 'auto' }),
  })
  .superRefine(({ from, ...rest }, context) => {
    for (const [name, value] of Object.entries(rest)) {
      if (value === undefined || name in defaults[from]) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `it has no effect with "from": "${from}", which takes ${optionsOf(from)}`,
      });
    }
  })
  .transform((given) => ({ ...defaults[given.from], ...given }))
  .pipe(z.discriminatedUnion('from', [hed, xdog, drawing]));

export type ScribbleOptions = z.output<typeof scribbleOptions>;

function optionsOf(from: keyof typeof defaults): string {
  return Object.keys(defaults[from])
    .filter((name) => name !== 'from')
    .join(' and ');
}

export function scribbleNetworks({ from }: ScribbleOptions): readonly string[] {
  return from === 'hed' ? ['hed'] : [];
}
