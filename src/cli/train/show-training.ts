import type { TrainingPlan } from '../../generation/kinds/training/plan.ts';
import type { SetReport } from '../../training/data/set-report.ts';
import type { FidelityEvent, TrainingEvent, TrainingWatcher } from '../../training/contract/training-event.ts';
import { type ProgressDisplay, showProgress } from '../terminal/progress.ts';

/** Shows how a training goes on stderr: what was found, and then how far it is. */
export function showTraining(): Omit<TrainingWatcher, 'signal'> & Pick<ProgressDisplay, 'stop'> {
  let unit = '';
  let display: ProgressDisplay | null = null;
  const stop = (): void => {
    display?.stop();
    display = null;
  };
  const show = (wanted: string, step: number, steps: number, note = ''): void => {
    if (unit !== wanted) stop();
    unit = wanted;
    display ??= showProgress(process.stderr, wanted);
    display.show({ step, steps }, note);
  };
  return {
    stop,
    onEvent(event: TrainingEvent) {
      switch (event.type) {
        case 'validating':
          return show(event.stage === 'reading' ? 'picture read' : 'picture encoded', event.done, event.of);
        case 'validated':
          stop();
          for (const line of linesOf(event.report, event.plan)) console.error(line);
          return;
        case 'progress': {
          const note = `loss ${event.loss.toFixed(4)}, learning rate ${event.rate.toPrecision(3)}`;
          return show('step', event.step, event.steps, note);
        }
        case 'fidelity':
          stop();
          console.error(figuresLine(event));
          return;
        case 'notice':
          stop();
          console.error(event.message);
          return;
        case 'memory':
        case 'begun':
        case 'pictures':
        case 'checkpoint':
        case 'estimate':
      }
    },
  };
}

function figuresLine({ step, loss, measure, own, shuffled, g, maps }: FidelityEvent): string {
  const said = (value: number | null): string => (value === null ? 'none' : value.toFixed(4));
  const error = `step ${step}: held-out loss ${said(loss)}`;
  if (shuffled === null) return error;
  const what = measure === 'fidelity' ? `fidelity to ${maps} held-out maps` : 'loss with the own map';
  return `${error}; ${what} ${said(own)}, to another's ${said(shuffled)}: g ${said(g)}`;
}

function linesOf(report: SetReport, plan: TrainingPlan): readonly string[] {
  const { pairs, maps, captions, bad, clutter, unused, twice, enlarged, first } = report;
  const { width, height } = plan.resolution;
  const without = plan.trained.condition === null ? '' : `, ${maps.given} with a map`;
  const remarks: readonly (readonly [number, string])[] = [
    [captions.empty, 'have no caption'],
    [captions.cut, `have a caption of more than ${captions.tokens} tokens, whose end is not read`],
    [
      bad.count,
      `cannot be used and are left out: ${bad.first.map(({ name, reason }) => `${name}: ${reason}`).join(' ')}`,
    ],
    [maps.surplus.count, `are maps without a picture: ${maps.surplus.first.join(', ')}`],
    [unused.count, `belong to no pair: ${unused.first.join(', ')}`],
    [clutter, 'are no part of a set (Thumbs.db and the like)'],
    [twice, 'are there twice'],
    [enlarged, `are smaller than ${width}x${height} and are enlarged`],
  ];
  return [
    `${pairs} pictures (${report.layout})${without}, ${captions.found} with a caption; ${plan.minutes === null ? `${plan.steps} steps` : `${plan.minutes} minutes`} at ${width}x${height}, seed ${plan.seed}`,
    ...first.map(
      ({ picture, map, caption }) => `  ${picture}${map === null ? '' : ` + ${map}`}: ${JSON.stringify(caption)}`,
    ),
    ...remarks.flatMap(([count, what]) => (count === 0 ? [] : [`warning: ${count} ${what}`])),
    ...unfollowed(report.settings, plan).map((what) => `warning: the set says ${what}, which is not followed`),
  ];
}

/** What a set says of its training and the plan does not do, with the option that does. */
function unfollowed({ resolution, batch, flip }: SetReport['settings'], plan: TrainingPlan): readonly string[] {
  const size = resolution === undefined ? null : `${resolution.width}x${resolution.height}`;
  return [
    ...(size === null || size === `${plan.resolution.width}x${plan.resolution.height}` ? [] : [`--resolution ${size}`]),
    ...(batch === undefined || batch === plan.batch ? [] : [`--batch ${batch}`]),
    ...(flip !== true || plan.flip ? [] : ['--flip']),
  ];
}
