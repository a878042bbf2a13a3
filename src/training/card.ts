import type { TrainingResult } from './methods/contract/training-result.ts';
import { methodFor } from './methods/methods.ts';

/** What a trained model says of itself to people, as Markdown with the head that hubs read. */
export function cardOf({ plan, base, facts }: Omit<TrainingResult, 'weights'>): string {
  const { trained, resolution, batch, accumulation, ema, trigger } = plan;
  const rows: readonly (readonly [string, string])[] = [
    ['base model', `${plan.base.id} (${base.family.name}, ${plan.base.hash})`],
    ...(plan.init === null ? [] : [['trained on from', `${plan.init.id} (${plan.init.hash})`] as const]),
    ...methodFor(trained).facts(trained),
    ['pictures', `${facts.pictures}, ${facts.captioned} with a caption`],
    ['resolution', `${resolution.width}x${resolution.height}${plan.flip ? ', mirrored by chance' : ''}`],
    [
      'steps',
      `${facts.step === plan.steps ? '' : `${facts.step} of `}${plan.steps} of ${batch * accumulation} pictures (${batch} x ${accumulation})`,
    ],
    ['learning rate', `${plan.learningRate}, ${plan.schedule}, warmup ${plan.warmup}`],
    ['optimizer', `AdamW, clipped to 1${ema === null ? '' : `, averaged with ${ema}`}`],
    ['prediction', `${base.prediction.type}${plan.minSnrGamma === null ? '' : `, min-SNR ${plan.minSnrGamma}`}`],
    ['captions left out', `${plan.promptDropout}`],
    ...(trigger === null ? [] : [['trigger word', trigger] as const]),
    ['seed', `${plan.seed}`],
    ['loss', `${facts.loss.first.toFixed(4)} at first, ${facts.loss.last.toFixed(4)} at last`],
    ['licence of the base model', facts.baseLicence ?? 'unknown'],
    ['date', facts.date],
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${value.replaceAll('|', '\\|')} |`);
  return [
    '---',
    `license: unknown`,
    `base_model: ${plan.base.id}`,
    `tags: [stable-diffusion, ${trained.kind}]`,
    '---',
    '',
    `# ${plan.name}`,
    '',
    `${methodFor(trained).what(trained)}, trained by Armature. Its licence follows from the pictures and the base model: write it into the head above.`,
    '',
    '| | |',
    '| --- | --- |',
    ...table,
    '',
  ].join('\n');
}
