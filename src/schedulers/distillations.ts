import type { SchedulerId } from './registry.ts';
import type { ScheduleId } from './schedules/registry.ts';

/** How a model, or a LoRA, was made to draw in few steps. */
export interface Distillation {
  readonly title: string;
  readonly scheduler: SchedulerId;
  /** What lays out the levels of models that do not begin at the last trained timestep by themselves; null: the sampler does. */
  readonly schedule: ScheduleId | null;
  readonly steps: FewSteps;
  readonly guidance: FewSteps;
}

/** What is taken where a request leaves it open, and the most that pictures bear. */
interface FewSteps {
  readonly usual: number;
  readonly most: number;
}

const unguided = { usual: 1, most: 2 } as const;

/** A row each method: what the papers and the models' own descriptions say. */
export const distillations = {
  /** Luo et al. 2023, Latent Consistency Models; LCM-LoRA. */
  lcm: { title: 'LCM', scheduler: 'lcm', schedule: null, steps: { usual: 4, most: 8 }, guidance: unguided },
  /** Zheng et al. 2024, Trajectory Consistency Distillation: more steps do no harm. */
  tcd: { title: 'TCD', scheduler: 'tcd', schedule: null, steps: { usual: 4, most: 50 }, guidance: unguided },
  /** Sauer et al. 2023, Adversarial Diffusion Distillation: SD Turbo, SDXL Turbo. */
  turbo: {
    title: 'Turbo',
    scheduler: 'euler_a',
    schedule: 'sgm_uniform',
    steps: { usual: 4, most: 8 },
    guidance: unguided,
  },
  /** Lin et al. 2024, SDXL-Lightning. */
  lightning: {
    title: 'Lightning',
    scheduler: 'euler',
    schedule: 'sgm_uniform',
    steps: { usual: 4, most: 8 },
    guidance: unguided,
  },
  /** Ren et al. 2024, Hyper-SD. */
  hyper: {
    title: 'Hyper-SD',
    scheduler: 'euler',
    schedule: 'sgm_uniform',
    steps: { usual: 4, most: 8 },
    guidance: unguided,
  },
} as const satisfies Readonly<Record<string, Distillation>>;

export type DistillationId = keyof typeof distillations;

export const distillationIds = Object.keys(distillations) as readonly DistillationId[] as readonly [
  DistillationId,
  ...DistillationId[],
];

/** How a model was distilled, and who says so. */
export interface Distilled {
  readonly as: DistillationId;
  readonly decidedBy: 'user' | 'armature.json' | 'config' | 'marker';
  /** Where it stands, for people. */
  readonly source: string;
}

/** Classes of diffusers that such models alone have: of a scheduler, or of a pipeline. */
const classes: ReadonlyMap<string, DistillationId> = new Map([
  ['LCMScheduler', 'lcm'],
  ['LatentConsistencyModelPipeline', 'lcm'],
  ['LatentConsistencyModelImg2ImgPipeline', 'lcm'],
  ['TCDScheduler', 'tcd'],
]);

/** What a config says by its class; null where that says nothing. */
export function distilledByClass(name: unknown): DistillationId | null {
  return typeof name === 'string' ? (classes.get(name) ?? null) : null;
}
