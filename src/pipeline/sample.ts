import { slerp } from '../numeric/slerp.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { TorchGenerator, type TorchGeneratorState } from '../numeric/torch-generator.ts';
import { stepsDone } from '../schedulers/evaluations.ts';
import type { SchedulerState } from '../schedulers/scheduler.ts';
import { type Blend, blended } from './blend.ts';
import { type KeptResiduals, type RowSteering, steeringAt } from './controls/kept-residuals.ts';
import { actingControls } from './controls/sample-control.ts';
import type { RowDepth } from './networks/deep-cache.ts';
import { type DrawnOver, filled, latentsOf } from './drawn-over.ts';
import { rolesOf } from '../generation/row-roles.ts';
import { type Answer, guidanceAt, joinAnswers } from './guidance.ts';
import type { Pass } from './pass.ts';
import type { Row } from './row.ts';
import { shownPlanes, shownTo } from './shown.ts';

/**
 * One picture in one pass. It can share a batched evaluation with any other sample of equal batch key, join at any tick and
 * leave at any tick.
 */
export interface Sample {
  readonly pass: Pass;
  readonly seeds: NoiseSeeds;
  /** What keeps the rest of a picture of which a part is drawn anew; null where there is none. */
  readonly blend: Blend | null;
  /** What the network is shown beside the latents, as planes; null where it takes the latents alone. */
  readonly shown: Float32Array | null;
  /** All that changes. Replaced, never written to. */
  state: SampleState;
  /** What controls, and the depths of the denoiser, gave its rows and give them again; null where there is none. It follows from the state that it says, and is no part of one. Replaced, never written to. */
  kept: KeptOfSample | null;
  /** For who watches it being drawn; null where nobody does. */
  watch: SampleWatch | null;
}

/** What is kept of a sample between its evaluations. */
export interface KeptOfSample {
  readonly rows: ReadonlyMap<Row, readonly KeptResiduals[]>;
  /** What lies deep in the denoiser, of each row that keeps it, [1, C, h, w]. */
  readonly deep: ReadonlyMap<Row, Tensor>;
  /** The last state whose evaluation worked all of it out anew: who goes on from there comes to the same. */
  readonly from: SampleState;
}

/** What a picture that is being drawn comes to, as far as it can be told. */
export interface SampleWatch {
  /** Latents of the denoiser, C x h x w, that the last evaluation pointed to; null before the first. Replaced, never written to. */
  clean: Float32Array | null;
}

/**
 * How far a sample has come, as plain data that can be kept and handed over: another sample of the same pass that is given it
 * goes on as if nothing had happened.
 */
export interface SampleState extends SchedulerState {
  readonly noise: TorchGeneratorState;
}

/** What a picture's noise comes from. */
export interface NoiseSeeds {
  /** 0 .. 2^32 - 1. */
  readonly seed: number;
  /** Another seed, and how far (0 .. 1) the noise that the picture begins with lies on the way to that one's. */
  readonly variation?: { readonly seed: number; readonly strength: number } | undefined;
}

/**
 * What an earlier pass left of a picture, as a pass of the same size goes on with it: latents or an encoded picture that it draws over, or
 * latents as noisy as it begins, with the noise of the steps to come.
 */
export type TakenOver =
  | { readonly latents: Float32Array }
  | { readonly encoded: DrawnOver }
  | { readonly latents: Float32Array; readonly noise: TorchGeneratorState };

/** A sample at the beginning of its pass; `taken` is what an earlier one left of its picture, null where it begins as its pass says. */
export function startSample(pass: Pass, seeds: NoiseSeeds, taken: TakenOver | null = null): Sample {
  if (taken !== null && 'noise' in taken) {
    const state = { ...pass.scheduler.start(taken.latents), noise: taken.noise };
    return { pass, seeds, blend: null, shown: null, state, kept: null, watch: null };
  }
  const { latents, blend, shown, noise } = startOf(pass, seeds, taken);
  return { pass, seeds, blend, shown, state: { ...pass.scheduler.start(latents), noise }, kept: null, watch: null };
}

/** A sample that goes on from `state`. All that follows from pass and seeds is made again, by the same draws in the same order. */
export function resumeSample(pass: Pass, seeds: NoiseSeeds, state: SampleState): Sample {
  const hasConstants = (pass.over?.repaint ?? null) !== null || (pass.shown ?? null) !== null;
  const { blend, shown } = hasConstants ? startOf(pass, seeds) : { blend: null, shown: null };
  return { pass, seeds, blend, shown, state, kept: null, watch: null };
}

interface Start {
  readonly latents: Float32Array;
  readonly blend: Blend | null;
  readonly shown: Float32Array | null;
  /** Where the noise of the steps goes on. */
  readonly noise: TorchGeneratorState;
}

/**
 * What a sample begins with. The draws are diffusers': the normals of the encoded picture, the noise, and with a mask the normals
 * of the masked picture, which networks of four channels do not look at. Those that do draw no normals of a picture that they do not begin
 * with. Only the noise follows the variation's seed.
 */
function startOf(pass: Pass, { seed, variation }: NoiseSeeds, taken: TakenOver | null = null): Start {
  const { scheduler } = pass;
  const over = taken === null ? pass.over : 'encoded' in taken ? taken.encoded : null;
  const generator = pass.noiseFrom(new TorchGenerator(seed).save(), seed);
  const left = taken !== null && 'latents' in taken ? taken.latents : null;
  const isEncoded = over !== null && drawsOriginal(pass, over);
  const original = isEncoded ? latentsOf(over, generator.draw()) : left;
  const drawn = generator.draw();
  const noise =
    variation === undefined ? drawn : slerp(drawn, noiseOf(pass, variation.seed, isEncoded), variation.strength);
  const repaint = over?.repaint ?? null;
  const shown = pass.shown ?? null;
  const planes = shown === null ? null : shownPlanes(shown, () => generator.draw());
  if (repaint !== null && planes === null) generator.draw();
  // A network that is shown the mask keeps the rest by itself.
  const blend = original === null || repaint === null || planes !== null ? null : { ...repaint, original, noise };
  const alone = original === null || (repaint !== null && repaint.fill === null);
  const latents = alone
    ? noise.map((value) => value * scheduler.initialNoiseSigma)
    : scheduler.addNoise(begun(original, noise, repaint), noise, 0);
  return { latents, blend, shown: planes, noise: generator.save() };
}

/** The noise that a sample of that seed begins with, after the normals of a picture where one `isEncoded`. */
function noiseOf(pass: Pass, seed: number, isEncoded: boolean): Float32Array {
  const generator = pass.noiseFrom(new TorchGenerator(seed).save(), seed);
  if (isEncoded) generator.draw();
  return generator.draw();
}

/** Whether the first draw is that of the picture that is drawn over. */
function drawsOriginal({ shown = null }: Pass, over: DrawnOver): boolean {
  return shown === null || over.repaint === null || over.repaint.fill !== null;
}

function begun(
  original: Float32Array,
  noise: Float32Array,
  repaint: NonNullable<Pass['over']>['repaint'],
): Float32Array {
  return repaint === null || repaint.fill === null ? original : filled(repaint.fill, original, noise, repaint.mask);
}

/** The state of a sample after the network answered its rows. Leaves the sample as it is. */
export function answered({ pass, seeds, blend, state }: Sample, answers: readonly Answer[]): SampleState {
  const noise = pass.noiseFrom(state.noise, seeds.seed);
  const next = pass.scheduler.answer(state, joined({ pass, state }, answers), noise);
  const whole = blend === null ? next : blended(pass, blend, next);
  return { ...whole, noise: noise.save() };
}

/** The rows that a sample asks in its next evaluation: all of its pass, but for those that guidance alone asks, where it does not act. */
export function rowsOf({ pass, state }: Pick<Sample, 'pass' | 'state'>): readonly Row[] {
  const { rows, guidance } = pass;
  const now = guidanceAt(guidance, stepsDone(pass.scheduler, state));
  if (now === guidance) return rows;
  const asked = new Set(rolesOf(now, rows.filter(({ role }) => role === 'prompt').length));
  return rows.filter(({ role }) => asked.has(role));
}

/** The answers to those rows as one. */
function joined({ pass, state }: Pick<Sample, 'pass' | 'state'>, answers: readonly Answer[]): Float32Array {
  return joinAnswers(answers, guidanceAt(pass.guidance, stepsDone(pass.scheduler, state)));
}

/** The latents that the answers of the network point to; where only a part is drawn anew, within the picture's own. */
export function cleanLatents({ pass, blend, state }: Sample, answers: readonly Answer[]): Float32Array {
  const clean = pass.scheduler.clean(state, joined({ pass, state }, answers));
  if (blend === null) return clean;
  const { mask, original } = blend;
  return clean.map((value, i) => {
    const weight = mask[i % mask.length] ?? 0;
    return (1 - weight) * (original[i] ?? 0) + weight * value;
  });
}

/** What acts on one of its rows in its next evaluation. */
export function steeringOn(row: Row, sample: Sample): RowSteering {
  const { pass, state, kept } = sample;
  const open = actingControls(row.controls, state.evaluation, pass.scheduler.evaluations.length);
  return steeringAt(stepOf(sample), open, kept?.rows.get(row) ?? []);
}

/**
 * What is done with what lies deep, on each of its rows in its next evaluation; null where its pass keeps nothing of that. It is worked out at the steps 0, n,
 * 2n ..., at all evaluations of these, and for all rows wherever one of them has nothing yet.
 */
export function depthOn(row: Row, sample: Sample): RowDepth | null {
  const { deepCache } = sample.pass;
  if (deepCache === undefined) return null;
  return { depth: deepCache.depth, deep: isShallow(sample) ? (sample.kept?.deep.get(row) ?? null) : null };
}

/** Whether its next evaluation goes on with what lies deep as it is kept. */
function isShallow(sample: Sample): boolean {
  const { pass, kept } = sample;
  if (pass.deepCache === undefined || kept === null || stepOf(sample) % pass.deepCache.every === 0) return false;
  return rowsOf(sample).every((row) => kept.deep.has(row));
}

/** What is kept of a sample after an evaluation, which left `rows` and `deep`. */
export function keptAfter(
  sample: Sample,
  rows: ReadonlyMap<Row, readonly KeptResiduals[]>,
  deep: ReadonlyMap<Row, Tensor>,
): KeptOfSample | null {
  const isAny = deep.size > 0 || [...rows.values()].some((kept) => kept.length > 0);
  return isAny ? { rows, deep, from: stateToKeep(sample) } : null;
}

/** The state from which another sample of its pass comes to the same: its own, or, where it goes on with what is kept, the one that this is from. */
export function stateToKeep(sample: Sample): SampleState {
  const { kept, state } = sample;
  const goesOn =
    kept !== null && (isShallow(sample) || rowsOf(sample).some((row) => steeringOn(row, sample).kept.length > 0));
  return goesOn ? kept.from : state;
}

/** What the network is shown with a row of a sample; null where it takes the latents alone. */
export function shownOn({ role }: Row, { pass: { shown = null }, shown: planes }: Sample): Float32Array | null {
  return shown === null || planes === null ? null : shownTo(role, shown, planes);
}

/** Steps that are done whole. */
export function stepOf({ pass, state }: Pick<Sample, 'pass' | 'state'>): number {
  return stepsDone(pass.scheduler, state);
}

/** Whether it has done its last step whole and goes on with another one. */
export function isBetweenSteps({ pass, state }: Sample): boolean {
  return pass.scheduler.evaluations[state.evaluation]?.stage === 0;
}

export function isFinished({ pass, state }: Sample): boolean {
  return state.evaluation >= pass.scheduler.evaluations.length;
}

/** Samples with equal keys fit into one batched evaluation. */
export function batchKey({ pass: { base, shape, structure } }: Sample): string {
  return [base, ...shape, structure].join('/');
}
