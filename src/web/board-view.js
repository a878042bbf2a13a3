import { bar, definitions, element, section } from './elements.js';
import { duration } from './figures.js';

/** @import { OverviewView } from '../server/views/overview-view.ts' */

/**
 * The figures of the service as elements of the page.
 *
 * @param {OverviewView} overview
 * @param {{ replay: () => Promise<void> }} actions
 * @returns {readonly HTMLElement[]}
 */
export function boardView(overview, { replay }) {
  const { at, version } = overview;
  return [
    element(
      'div',
      { class: 'heading' },
      element('h1', {}, 'Board'),
      element('p', { class: 'quiet' }, `Version ${version} · ${clock(at)}`),
    ),
    element('div', { class: 'tiles' }, tiles(overview)),
    element('div', { class: 'columns' }, workers(overview), failures(overview)),
    element('div', { class: 'columns' }, tenants(overview), batches(overview)),
    element('div', { class: 'columns' }, deadLetters(overview, replay)),
  ];
}

/** @param {OverviewView} overview */
function tiles({ queue, lately, workers, dead_letters: dead, webhooks }) {
  const { minutes, succeeded, failed } = lately;
  const ended = succeeded + failed;
  return [
    tile('Waiting', queue.waiting + queue.dispatched, `${queue.dispatched} of them in the queue`),
    tile('Oldest', queue.oldest_s === null ? '–' : duration(1000 * queue.oldest_s), 'that is not started'),
    tile(
      'Running',
      queue.running,
      [
        workers.length === 1 ? 'on 1 worker' : `on ${workers.length} workers`,
        ...(queue.paused === 0 ? [] : [`${queue.paused} paused`]),
      ].join('; '),
      workers.length === 0,
    ),
    tile('Done', succeeded, `in ${minutes} min: ${(succeeded / minutes).toFixed(1)} a minute`),
    tile(
      'Failed',
      failed,
      ended === 0 ? `in ${minutes} min` : `${Math.round((100 * failed) / ended)} % of those that ended`,
      failed > 0,
    ),
    tile('Dead letters', dead.count, 'wait for a decision', dead.count > 0),
    tile('Webhooks', webhooks.pending, `pending; ${webhooks.dead} given up`, webhooks.dead > 0),
  ];
}

/**
 * @param {string} name
 * @param {string | number} value
 * @param {string} detail
 * @param {boolean} [alarming]
 */
function tile(name, value, detail, alarming = false) {
  return element(
    'div',
    { class: alarming ? 'tile alarming' : 'tile' },
    element('h2', {}, name),
    element('strong', {}, String(value)),
    element('p', { class: 'quiet' }, detail),
  );
}

/** @param {OverviewView} overview */
function workers({ workers, at }) {
  if (workers.length === 0)
    return section('Workers', element('p', { class: 'notice bad' }, 'No worker gave a sign of life in the last 30 s.'));
  return section(
    'Workers',
    ...workers.map((worker) =>
      element(
        'div',
        { class: 'worker' },
        element(
          'h3',
          {},
          element('span', { class: `state ${stateClass(worker.device_state)}` }, worker.device_state),
          worker.host,
        ),
        element('p', { class: 'quiet' }, worker.device_detail),
        definitions([
          ['process', `${worker.pid}, version ${worker.version}`],
          ['up for', age(worker.started_at, at)],
          ['last seen', `${age(worker.seen_at, at)} ago`],
        ]),
      ),
    ),
  );
}

/** @param {OverviewView} overview */
function failures({ failures, lately }) {
  const title = `Failures of the last ${lately.minutes} minutes`;
  if (failures.length === 0) return section(title, element('p', { class: 'quiet' }, 'None.'));
  const rows = failures.map(({ code, count, last_at: last, last_job: job }) => [
    element('code', {}, code),
    String(count),
    element('a', { href: `./jobs/${encodeURIComponent(job)}` }, clock(last)),
  ]);
  return section(title, table(['code', 'jobs', 'last'], rows));
}

/** @param {OverviewView} overview */
function tenants({ tenants, windows }) {
  const title = 'Tenants';
  if (tenants.length === 0)
    return section(title, element('p', { class: 'quiet' }, 'Nobody has jobs that are not done.'));
  const rows = tenants.map(({ tenant, waiting, dispatched, running }) => [
    tenant,
    String(waiting),
    element('span', {}, `${dispatched + running} of ${windows.tenant}`, bar((dispatched + running) / windows.tenant)),
    String(running),
  ]);
  return section(title, table(['tenant', 'waiting', 'window', 'running'], rows));
}

/** @param {OverviewView} overview */
function batches({ batches }) {
  if (batches.length === 0) return section('Batches', element('p', { class: 'quiet' }, 'None is at work.'));
  const rows = batches.map(({ id, name, tenant, items, ended, failed }) => [
    element('a', { href: `./batches/${encodeURIComponent(id)}`, title: id }, name ?? id),
    tenant,
    element('span', {}, `${ended} of ${items}`, bar(ended / items)),
    failed === 0 ? '0' : element('span', { class: 'state failed' }, String(failed)),
  ]);
  return section('Batches', table(['batch', 'tenant', 'done', 'failed'], rows));
}

/**
 * @param {OverviewView} overview
 * @param {() => Promise<void>} replay
 */
function deadLetters({ dead_letters: { count, newest } }, replay) {
  if (count === 0) return section('Dead letters', element('p', { class: 'quiet' }, 'None.'));
  const button = element('button', { type: 'button', class: 'primary' }, `Queue ${count === 1 ? 'it' : 'them'} again`);
  button.addEventListener('click', () => {
    button.disabled = true;
    void replay();
  });
  const rows = newest.map(({ id, tenant, error, strikes, losses, finished_at: at }) => [
    element('a', { href: `./jobs/${encodeURIComponent(id)}` }, element('code', {}, id)),
    tenant,
    element('span', {}, element('code', {}, error.code), ` ${error.detail}`),
    `${strikes} / ${losses}`,
    clock(at),
  ]);
  const head = ['job', 'tenant', 'error', 'strikes / losses', 'since'];
  return section('Dead letters', element('p', {}, button), table(head, rows));
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly (Node | string)[])[]} rows
 */
function table(head, rows) {
  return element(
    'div',
    { class: 'scroll', tabindex: '0' },
    element(
      'table',
      { class: 'grid' },
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          head.map((name) => element('th', { scope: 'col' }, name)),
        ),
      ),
      element(
        'tbody',
        {},
        rows.map((cells) =>
          element(
            'tr',
            {},
            cells.map((cell) => element('td', {}, cell)),
          ),
        ),
      ),
    ),
  );
}

/** @param {string} state */
function stateClass(state) {
  if (state === 'ready') return 'succeeded';
  return state === 'failed' ? 'failed' : 'running';
}

/**
 * @param {string} from
 * @param {string} to
 */
function age(from, to) {
  return duration(Math.max(0, Date.parse(to) - Date.parse(from)));
}

/** @param {string} at */
function clock(at) {
  return new Date(at).toLocaleTimeString();
}
