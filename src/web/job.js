import { getEvents, getJson, jobPath, Refusal } from './api.js';
import { element } from './elements.js';
import { jobView, progressView } from './job-view.js';
import { showPreview } from './previews.js';
import { showRefusal } from './refused.js';
import { shown } from './kinds.js';

/** @import { JobView } from '../server/views/job-schema.ts' */
/** @import { LooksView } from '../server/views/look-view.ts' */

const id = decodeURIComponent(location.pathname.split('/').at(-1) ?? '');
const path = jobPath(id);
const main = /** @type {HTMLElement} */ (document.getElementById('main'));

/** How often a job that waits is looked at, and a server that is away: milliseconds. */
const pause = 2000;

try {
  await follow(await load());
} catch (error) {
  showRefusal(main, error, 'job');
}

/**
 * The job as it is now, on the page.
 *
 * @returns {Promise<JobView>}
 */
async function load() {
  /** @type {JobView} */
  const job = await getJson(path);
  main.replaceChildren(...jobView(job, 'learning_rate' in job.effective ? await allLooks() : null));
  main.removeAttribute('aria-busy');
  nameTab(job);
  return job;
}

/**
 * What the training showed so far.
 *
 * @returns {Promise<LooksView>}
 */
async function allLooks() {
  /** @type {LooksView} */
  let looks = await getJson(`${path}/validations`);
  while (looks.next_after !== null) {
    /** @type {LooksView} */
    const more = await getJson(`${path}/validations?after=${looks.next_after}`);
    looks = { ...more, data: [...looks.data, ...more.data] };
  }
  return looks;
}

/**
 * Keeps the page up to date until the job has ended, also when the connection breaks in between.
 *
 * @param {JobView} job
 */
async function follow(job) {
  /** @type {string | undefined} */
  let seen;
  while (!hasEnded(job)) {
    try {
      for await (const event of getEvents(`${path}/events`, seen)) {
        seen = event.id ?? seen;
        if (event.type === 'progress') job = showProgress({ ...job, progress: event.data });
        else if (event.type === 'preview') showPreview(event.data);
        else job = await load();
      }
      if (!hasEnded(job)) job = await load();
    } catch (error) {
      if (error instanceof Refusal && error.status < 500) throw error;
      document.getElementById('progress')?.replaceChildren(element('p', {}, 'The server is away. Trying again …'));
    }
    if (!hasEnded(job)) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/**
 * @param {JobView} job
 * @returns {JobView}
 */
function showProgress(job) {
  document.getElementById('progress')?.replaceChildren(...progressView(job));
  nameTab(job);
  return job;
}

/** @param {JobView} job */
function nameTab({ status, progress, effective }) {
  const share =
    status === 'running' && progress !== null ? `${Math.floor((100 * progress.step) / progress.steps)} %` : status;
  const { tab: what } = shown(effective);
  document.title = `${share} · ${what.slice(0, 60)} · Armature`;
}

/** @param {JobView} job */
function hasEnded({ status }) {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}
