import { bar, definitions, element, pair, section, unfoldable } from './elements.js';

/** @import { JobView } from '../server/views/job-schema.ts' */
/** @typedef {NonNullable<JobView['progress']>} Progress */

const stages = {
  waiting: 'Waiting',
  reading: 'Reading pictures',
  encoding: 'Encoding pictures',
  learning: 'Learning',
  storing: 'Storing the model',
};

/**
 * How far a training is.
 *
 * @param {Progress} progress
 * @param {NonNullable<Progress['training']>} training
 * @param {string} rest how long it still takes
 * @returns {readonly HTMLElement[]}
 */
export function trainingProgress({ step, steps }, training, rest) {
  const { stage, pictures, loss, rate, samples_per_s: pace, waits_for: wanted } = training;
  if (stage === 'waiting') return [bar(0), element('p', {}, `Waiting for ${wanted}.`)];
  if (pictures !== null) {
    return [
      bar(pictures.done / Math.max(1, pictures.of)),
      element('p', {}, `${stages[stage]}: ${pictures.done} of ${pictures.of}`),
    ];
  }
  const figures = [
    ...(loss === null ? [] : [`loss ${loss.toFixed(4)}`]),
    ...(rate === null ? [] : [`learning rate ${rate.toPrecision(3)}`]),
    ...(pace === null ? [] : [`${pace} pictures a second`]),
  ];
  return [
    bar(step / steps),
    element('p', {}, `${stages[stage]}: step ${step} of ${steps}${rest}`),
    ...(figures.length === 0 ? [] : [element('p', { class: 'quiet' }, figures.join(', '))]),
  ];
}

/**
 * What was found in the set of a training, and what came of it.
 *
 * @param {JobView} job
 * @returns {readonly HTMLElement[]}
 */
export function trainingSections({ id, status, effective, report }) {
  if (!('learning_rate' in effective)) return [];
  const files =
    status === 'succeeded' && !effective.dry_run
      ? [pair('Model', effective.name), pair('Files', `GET /v1/trainings/${id}/files`)]
      : [];
  return [
    ...(files.length === 0 ? [] : [section('Result', definitions(files))]),
    ...(report === undefined || report === null ? [] : [section('Set', unfoldable('What was found', report))]),
  ];
}
