import { pictureAddress } from './api.js';
import { element, time } from './elements.js';
import { shown } from './kinds.js';

/** @import { JobView } from '../server/views/job-schema.ts' */

/**
 * Jobs as a list: a small picture, what was asked for, and how it stands.
 *
 * @param {readonly JobView[]} jobs
 * @param {string} up from the page to the server's address: `./` or `../`
 */
export function jobList(jobs, up) {
  return element(
    'ul',
    { class: 'jobs' },
    jobs.map((job) => element('li', {}, thumbnail(job), about(job, up))),
  );
}

/** @param {JobView} job */
function thumbnail(job) {
  const frame = element('div', { class: 'frame thumbnail' });
  if (job.outputs.length === 0) return frame;
  const address = pictureAddress(`v1/generations/${job.id}/outputs/0`);
  // Without it the frame stays empty.
  address.then((src) => frame.append(element('img', { src, alt: '' }))).catch(() => {});
  return frame;
}

/**
 * @param {JobView} job
 * @param {string} up
 */
function about(job, up) {
  const { effective, error } = job;
  const base = 'model' in effective ? effective.model : 'base' in effective ? effective.base : null;
  const made = base === null ? '' : `${base.id} · `;
  const types = 'controls' in effective ? effective.controls.map(({ type }) => type) : [];
  const controls = types.length === 0 ? '' : `${types.join(', ')} · `;
  return element(
    'div',
    {},
    element('a', { href: `${up}jobs/${encodeURIComponent(job.id)}` }, shown(effective).subject.slice(0, 200)),
    element(
      'p',
      { class: 'quiet' },
      element('span', { class: `state ${job.status}` }, job.status),
      `${job.kind} · ${made}${controls}`,
      time(job.created_at),
    ),
    error === null || job.status !== 'failed' ? '' : element('p', { class: 'quiet' }, error.detail),
  );
}
