import { getJson, Refusal } from './api.js';
import { element } from './elements.js';
import { jobList } from './job-list.js';
import { kinds } from './kinds.js';

/** @import { JobView } from '../server/views/job-schema.ts' */

const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const asked = new URLSearchParams(location.search);

/** Jobs that a page shows, and pages of the API that are looked through for them: the API knows no kinds. */
const shown = 24;
const looks = 10;

try {
  const { jobs, next } = await find();
  const title = element('h1', {}, asked.has('cursor') ? 'Older jobs' : 'Jobs');
  const nothing = element('p', { class: 'quiet' }, 'There are none such. The start page says how to draw.');
  main.replaceChildren(title, filters(), jobs.length === 0 ? nothing : jobList(jobs, './'), pages(next));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  main.replaceChildren(element('h1', {}, 'Jobs'), element('p', { class: 'notice bad', role: 'alert' }, error.message));
}
main.removeAttribute('aria-busy');

/**
 * The jobs that were asked for, and where those after them begin.
 *
 * @returns {Promise<{ jobs: readonly JobView[], next: string | null }>}
 */
async function find() {
  /** @type {JobView[]} */
  const found = [];
  const isPaused = asked.get('status') === 'paused';
  const kind = asked.get('kind') ?? (isPaused ? 'training' : null);
  if (isPaused && kind !== 'training') return { jobs: found, next: null };
  let cursor = asked.get('cursor');
  for (let look = 0; look < looks; look += 1) {
    const query = new URLSearchParams({ limit: String(shown) });
    const status = asked.get('status');
    if (status !== null) query.set('status', status);
    if (cursor !== null) query.set('cursor', cursor);
    /** @type {{ data: JobView[], next_cursor: string | null }} */
    const page = await getJson(`v1/${kind === 'training' ? 'trainings' : 'generations'}?${query}`);
    const fitting = page.data.filter((job) => kind === null || job.kind === kind);
    const room = shown - found.length;
    found.push(...fitting.slice(0, room));
    if (fitting.length > room) {
      cursor = found.at(-1)?.id ?? null;
      break;
    }
    cursor = page.next_cursor;
    if (cursor === null || found.length === shown) break;
  }
  const newest = kind === null && asked.get('cursor') === null ? await trainings() : [];
  return { jobs: [...newest, ...found], next: cursor };
}

/**
 * The newest trainings: they are a list of their own.
 *
 * @returns {Promise<readonly JobView[]>}
 */
async function trainings() {
  const status = asked.get('status');
  const query = new URLSearchParams({ limit: '5', ...(status === null ? {} : { status }) });
  /** @type {{ data: JobView[] }} */
  const page = await getJson(`v1/trainings?${query}`);
  return page.data;
}

function filters() {
  return element(
    'div',
    { class: 'filters', role: 'group', 'aria-label': 'Which jobs' },
    choice('status', 'Status', ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled']),
    choice('kind', 'Kind', kinds),
  );
}

/**
 * @param {string} name
 * @param {string} label
 * @param {readonly string[]} values
 */
function choice(name, label, values) {
  const select = element(
    'select',
    { id: name },
    element('option', { value: '' }, 'all'),
    values.map((value) => element('option', { value }, value)),
  );
  select.value = asked.get(name) ?? '';
  select.addEventListener('change', () => location.assign(pageOf({ [name]: select.value, cursor: '' })));
  return element('label', { for: name }, `${label} `, select);
}

/** @param {string | null} next */
function pages(next) {
  return element(
    'nav',
    { class: 'actions', 'aria-label': 'Further jobs' },
    asked.has('cursor') ? element('a', { href: pageOf({ cursor: '' }) }, 'Newest jobs') : '',
    next === null ? '' : element('a', { href: pageOf({ cursor: next }) }, 'Older jobs'),
  );
}

/**
 * The address of this page with other choices.
 *
 * @param {Readonly<Record<string, string>>} changes an empty one leaves a choice out
 */
function pageOf(changes) {
  const query = new URLSearchParams(asked);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  return `?${query}`;
}
