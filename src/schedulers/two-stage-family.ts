import { roundHalfToEven } from '../numeric/round-half-to-even.ts';
import { eulerSchedule, type EulerSchedule } from './euler-schedule.ts';
import { type SamplerFamily, trainedSteps } from './family.ts';
import { resolveOptions, type SamplerOptions, scheduleDefaults } from './options.ts';
import type { SigmaScheduler } from './scheduler.ts';
import { twoStage, type TwoStageMemory, type TwoStageMethod } from './two-stage.ts';

type Spacing = Pick<SamplerOptions, 'timestepSpacing' | 'stepsOffset' | 'sigmaSpacing' | 'schedule' | 'publishedFor'>;
type Family<Options> = SamplerFamily<Options, SigmaScheduler<TwoStageMemory>>;

interface TwoStageFamily {
  /** DPM2 gives the network whole timesteps at the starts of its steps where they lie as Karras' do. */
  readonly roundsKarras?: boolean;
  /** See `NamedSchedule`. */
  readonly dropsPenultimate?: boolean;
}

/** The samplers of one method with two evaluations a step. */
export function twoStageFamily(method: TwoStageMethod, kind: TwoStageFamily = {}): Family<Spacing> {
  return { ...common, resolve: resolveSpacing, create: createWith(() => method, kind) };
}

/** As {@link twoStageFamily}, of a method with fresh noise in each step, of which there is less with a lower `eta`. */
export function ancestralFamily(
  methodFor: (eta: number) => TwoStageMethod,
  kind: TwoStageFamily = {},
): Family<Spacing & Pick<SamplerOptions, 'eta'>> {
  return {
    ...common,
    resolve: (given) => ({ ...resolveSpacing(given), ...resolveOptions({ eta: 1 }, given) }),
    create: createWith(({ eta }) => methodFor(eta), kind),
  };
}

const common = {
  evaluationsPerStep: 2,
  stepLimit: ({ trainTimesteps }) => trainedSteps(trainTimesteps),
} satisfies Partial<Family<Spacing>>;

/** The Lu spacing is the multistep solvers' own. */
function resolveSpacing(given: Partial<SamplerOptions>): Spacing {
  const options = resolveOptions<keyof Spacing>(
    { timestepSpacing: 'linspace', stepsOffset: 0, sigmaSpacing: 'schedule', ...scheduleDefaults },
    given,
  );
  return options.sigmaSpacing === 'lu' ? { ...options, sigmaSpacing: 'schedule' } : options;
}

function createWith<Options extends Spacing>(
  methodOf: (options: Options) => TwoStageMethod,
  { roundsKarras = false, dropsPenultimate = false }: TwoStageFamily,
): Family<Options>['create'] {
  return (schedule, steps, options) => {
    const levels = eulerSchedule(schedule, steps, {
      ...options,
      sigmaMin: null,
      sigmaMax: null,
      dropsPenultimate,
    });
    const rounded = roundsKarras && options.sigmaSpacing === 'karras' ? withWholeTimesteps(levels) : levels;
    return twoStage(methodOf(options), { schedule, levels: rounded, spacing: options });
  };
}

function withWholeTimesteps(levels: EulerSchedule): EulerSchedule {
  return { ...levels, timesteps: levels.timesteps.map(roundHalfToEven) };
}
