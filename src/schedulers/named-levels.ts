import { levelTable } from './level-table.ts';
import type { NoiseSchedule } from './scheduler.ts';
import { type LevelTable, timestepAt } from './schedules/level-table.ts';
import { type ScheduleId, schedules } from './schedules/registry.ts';
import type { PublishedFor, ScheduleRow } from './schedules/schedule.ts';

/** The schedule that lays the levels of a run out. */
export interface NamedSchedule {
  readonly schedule: ScheduleId;
  readonly publishedFor: PublishedFor;
  /** Whether one level more is laid out and the last but one of them left out, as samplers that look past the end of a step want it. */
  readonly dropsPenultimate?: boolean;
}

/** Levels and fractional timesteps, one a step, in float64, and the level that the last step ends at. */
export interface NamedLevels {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
  readonly final: number;
}

export function namedLevels(
  noise: NoiseSchedule,
  steps: number,
  { schedule, publishedFor, dropsPenultimate = false }: NamedSchedule,
): NamedLevels {
  const table = levelTable(noise);
  const asked = dropsPenultimate ? steps + 1 : steps;
  const levels = schedules[schedule].levels({ ...table, publishedFor }, asked);
  const sigmas = levels.slice(0, dropsPenultimate ? -2 : -1);
  return { timesteps: sigmas.map((sigma) => timestepAt(table, sigma)), sigmas, final: levels.at(-1) ?? 0 };
}

/** Whether a model has the noise that a schedule's levels are of use to. */
export function fitsNoise(id: ScheduleId, noise: NoiseSchedule): boolean {
  const row: ScheduleRow = schedules[id];
  return row.isPublishedList !== true || isStableDiffusion(levelTable(noise));
}

/** Whether the ends are those of Stable Diffusion, to a hundredth. */
function isStableDiffusion({ min, max }: LevelTable): boolean {
  return Math.abs(min / 0.029167 - 1) < 0.01 && Math.abs(max / 14.614641 - 1) < 0.01;
}
