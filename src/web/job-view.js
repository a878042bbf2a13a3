import { actionRow } from './actions.js';
import { jobPath } from './api.js';
import { bar, definitions, element, heading, pair, section, time, unfoldable } from './elements.js';
import { duration } from './figures.js';
import { pictureCards } from './job-pictures.js';
import { shown } from './kinds.js';
import { looksView } from './training-looks.js';
import { trainingProgress, trainingSections } from './training-view.js';
import { previewSection } from './previews.js';

/** @import { Action } from './actions.js' */
/** @import { JobView } from '../server/views/job-schema.ts' */
/** @import { LooksView } from '../server/views/look-view.ts' */

/**
 * The whole of a job as elements of the page.
 *
 * @param {JobView} job
 * @param {LooksView | null} looks of a training
 * @returns {readonly HTMLElement[]}
 */
export function jobView(job, looks) {
  const underway = job.status === 'running' ? [previewSection()] : [];
  const learnt = looks === null ? [] : looksView(job, looks);
  return [top(job), ...notices(job), ...underway, ...pictures(job), ...learnt, ...trainingSections(job), aside(job)];
}

/** @param {JobView} job */
function top(job) {
  const { effective, batch } = job;
  const negative = 'prompt' in effective && effective.negative_prompt !== '' ? effective.negative_prompt : null;
  const origin = batch === null ? [] : [' · item of a ', element('a', { href: `../batches/${batch.id}` }, 'batch')];
  return heading(
    job,
    shown(effective).subject,
    [' · ', time(job.created_at), ...origin],
    negative === null ? '' : element('p', { class: 'quiet' }, `Not: ${negative}`),
    element('div', { id: 'progress', role: 'status' }, progressView(job)),
    actions(job),
  );
}

/** @param {JobView} job */
function actions({ id, status, effective, cancel_requested: leaving }) {
  const path = jobPath(id);
  const again = () => location.reload();
  if (status === 'queued' || status === 'running' || status === 'paused') {
    /** @param {string} name @param {string} verb @returns {Action} */
    const ask = (name, verb) => ({ name, method: 'POST', path: `${path}/${verb}`, after: again });
    const pauses = status === 'paused' ? [ask('Resume', 'resume')] : [ask('Pause', 'pause')];
    const stops = status === 'running' ? [ask('Stop and keep the best', 'stop')] : [];
    const ofTraining = 'learning_rate' in effective ? [...pauses, ...stops] : [];
    return leaving ? '' : actionRow([...ofTraining, ask('Cancel', 'cancel')]);
  }
  /** @type {Action} */
  const retry = { name: 'Draw it again', method: 'POST', path: `${path}/retry`, after: again };
  /** @type {Action} */
  const remove = {
    name: 'Delete',
    method: 'DELETE',
    path,
    question:
      'learning_rate' in effective ? 'Delete the training? Its model stays.' : 'Delete the job and its pictures?',
    after: () => location.assign('../jobs'),
  };
  if ('learning_rate' in effective) {
    /** @type {Action} */
    const on = {
      name: 'Train on',
      method: 'POST',
      path: `${path}/continue`,
      after: async (answer) => location.assign(`./${(await answer.json()).id}`),
    };
    return actionRow(status === 'succeeded' && !effective.dry_run ? [on, remove] : [remove]);
  }
  return actionRow(status === 'succeeded' ? [remove] : [retry, remove]);
}

/**
 * How far a job is that has not ended; nothing for others.
 *
 * @param {JobView} job
 * @returns {readonly HTMLElement[]}
 */
export function progressView({ status, progress, queue_position: place, eta_s: eta, cancel_requested: leaving }) {
  const rest = eta === null ? '' : `, about ${duration(1000 * eta)} to go`;
  if (status === 'queued') {
    const where = place === null || place === 1 ? 'It is next' : `${place - 1} ahead of it`;
    return [element('p', {}, `Waiting. ${where}${rest}.`)];
  }
  if (status === 'paused') return [element('p', {}, 'Paused.')];
  if (status !== 'running') return [];
  if (leaving) return [element('p', {}, 'Cancelling …')];
  if (progress?.training !== undefined) return trainingProgress(progress, progress.training, rest);
  if (progress === null || progress.step === 0) return [bar(0), element('p', {}, `Preparing${rest} …`)];
  const { step, steps } = progress;
  const doing = step < steps ? `Step ${step} of ${steps}` : 'Finishing';
  return [bar(step / steps), element('p', {}, `${doing}${rest}`)];
}

/**
 * @param {JobView} job
 * @returns {readonly HTMLElement[]}
 */
function notices({ status, error, warnings }) {
  const found = [];
  if (error !== null && status === 'failed') {
    const field =
      error.field === undefined ? '' : element('p', { class: 'quiet' }, 'Field: ', element('code', {}, error.field));
    const code = element('p', { class: 'quiet' }, 'Code: ', element('code', {}, error.code));
    found.push(element('div', { class: 'notice bad', role: 'alert' }, element('p', {}, error.detail), code, field));
  }
  if (warnings.length > 0) {
    const list = element(
      'ul',
      {},
      warnings.map((text) => element('li', {}, text)),
    );
    const title = warnings.length === 1 ? 'A warning' : `${warnings.length} warnings`;
    found.push(element('div', { class: 'notice warn' }, element('h2', {}, title), list));
  }
  return found;
}

/**
 * @param {JobView} job
 * @returns {readonly HTMLElement[]}
 */
function pictures(job) {
  const cards = pictureCards(job);
  return cards.length === 0 ? [] : [section('Pictures', element('div', { class: 'cards' }, cards))];
}

/** @param {JobView} job */
function aside(job) {
  return element(
    'div',
    { class: 'columns' },
    section('Settings', settings(job), unfoldable('As JSON', job.effective)),
    section('Times', times(job)),
    job.metadata === null
      ? ''
      : section('Metadata', element('pre', { tabindex: '0' }, JSON.stringify(job.metadata, null, 2))),
  );
}

/** @param {JobView} job */
function settings({ effective }) {
  if (!('output' in effective)) return definitions(shown(effective).settings);
  const { format, quality } = effective.output;
  const encoded = quality === null ? format : `${format}, quality ${quality}`;
  return definitions([...shown(effective).settings, pair('Format', encoded)]);
}

/** @param {JobView} job */
function times(job) {
  const rows = [pair('Created', time(job.created_at))];
  if (job.finished_at !== null) rows.push(pair('Ended', time(job.finished_at)));
  if (job.attempt > 1) rows.push(pair('Attempts', String(job.attempt)));
  if (job.mean_batch !== null) rows.push(pair('Mean batch', job.mean_batch.toFixed(1)));
  if (job.timings === null) return definitions(rows);
  const parts = Object.entries(job.timings).flatMap(([name, value]) =>
    value === null ? [] : [{ name: name.replace(/_ms$/, ''), value }],
  );
  const longest = Math.max(1, ...parts.map(({ value }) => value));
  const bars = parts.map(({ name, value }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', {}, bar(value / longest)),
      element('td', {}, duration(value)),
    ),
  );
  return element('div', {}, definitions(rows), element('table', { class: 'bars' }, element('tbody', {}, bars)));
}
