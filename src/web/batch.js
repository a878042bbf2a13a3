import { get, getJson, pictureAddress } from './api.js';
import { actionRow } from './actions.js';
import { bar, definitions, element, heading, section, time } from './elements.js';
import { duration, words } from './figures.js';
import { jobList } from './job-list.js';
import { showRefusal } from './refused.js';

/** @import { Action } from './actions.js' */
/** @import { BatchView } from '../server/views/batch-view.ts' */
/** @import { JobView } from '../server/views/job-schema.ts' */

const id = decodeURIComponent(location.pathname.split('/').at(-1) ?? '');
const path = `v1/batches/${encodeURIComponent(id)}`;
const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const asked = new URLSearchParams(location.search);

/** Milliseconds between two looks at a batch that has not ended. */
const pause = 5000;

try {
  for (let batch = await load(); !hasEnded(batch); batch = await load()) {
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
} catch (error) {
  showRefusal(main, error, 'batch');
}

/** @returns {Promise<BatchView>} */
async function load() {
  /** @type {BatchView} */
  const batch = await getJson(path);
  const query = new URLSearchParams({ limit: '50' });
  const cursor = asked.get('cursor');
  if (cursor !== null) query.set('cursor', cursor);
  /** @type {{ data: JobView[], next_cursor: string | null }} */
  const items = await getJson(`${path}/items?${query}`);
  main.replaceChildren(top(batch), figures(batch), results(batch), list(items));
  main.removeAttribute('aria-busy');
  document.title = `${Math.floor(100 * batch.progress)} % · ${batch.name ?? batch.id} · Armature`;
  return batch;
}

/** @param {BatchView} batch */
function top(batch) {
  const rest = batch.eta_s === null ? '' : `, about ${duration(1000 * batch.eta_s)} to go`;
  return heading(
    batch,
    batch.name ?? `A batch of ${batch.items}`,
    [],
    element(
      'div',
      { id: 'progress' },
      bar(batch.progress),
      element('p', {}, `${ended(batch)} of ${batch.items} ended${rest}`),
    ),
    actions(batch),
  );
}

/** @param {BatchView} batch */
function actions(batch) {
  const again = () => location.reload();
  if (!hasEnded(batch)) return actionRow([{ name: 'Cancel', method: 'POST', path: `${path}/cancel`, after: again }]);
  const { failed = 0, cancelled = 0 } = batch.counts;
  const undone = failed + cancelled;
  /** @type {Action} */
  const retry = { name: `Draw ${undone} again`, method: 'POST', path: `${path}/retry`, after: again };
  /** @type {Action} */
  const remove = {
    name: 'Delete',
    method: 'DELETE',
    path,
    question: `Delete the batch with its ${batch.items} items and their pictures?`,
    after: () => location.assign('../jobs'),
  };
  return actionRow(undone === 0 ? [remove] : [retry, remove]);
}

/** @param {BatchView} batch */
function figures({ counts, matrix, created_at: created }) {
  const axes = (matrix ?? []).map(({ path, labels }) => /** @type {const} */ ([words(path), labels.join(', ')]));
  return element(
    'div',
    { class: 'columns' },
    section('Items', definitions(Object.entries(counts).map(([status, count]) => [status, String(count)]))),
    section('About', definitions([['Created', time(created)], ...axes])),
  );
}

/** @param {BatchView} batch */
function results(batch) {
  const sheet = element('img', { alt: 'The first picture of each item', class: 'sheet' });
  if (batch.counts['succeeded'] !== 0) {
    void pictureAddress(`${path}/sheet`).then(
      (address) => (sheet.src = address),
      () => sheet.remove(),
    );
  }
  return section(
    'Results',
    element(
      'div',
      { class: 'actions' },
      saveButton('Pictures as a zip', 'application/zip', `${batch.id}.zip`),
      saveButton('Lines of JSON', 'application/jsonl', `${batch.id}.jsonl`),
    ),
    batch.counts['succeeded'] === 0 ? '' : sheet,
  );
}

/**
 * A link cannot send a key: what is saved is fetched first.
 *
 * @param {string} name
 * @param {string} type
 * @param {string} fileName
 */
function saveButton(name, type, fileName) {
  const button = element('button', { type: 'button' }, name);
  const save = async () => {
    button.disabled = true;
    try {
      const response = await get(`${path}/results`, { headers: { accept: type } });
      const address = URL.createObjectURL(await response.blob());
      element('a', { href: address, download: fileName }).click();
      URL.revokeObjectURL(address);
    } finally {
      button.disabled = false;
    }
  };
  button.addEventListener('click', () => void save());
  return button;
}

/** @param {{ data: readonly JobView[], next_cursor: string | null }} items */
function list({ data, next_cursor: next }) {
  return section(
    'Each item',
    jobList(data, '../'),
    element(
      'nav',
      { class: 'actions', 'aria-label': 'Further items' },
      asked.has('cursor') ? element('a', { href: '?' }, 'First items') : '',
      next === null ? '' : element('a', { href: `?cursor=${encodeURIComponent(next)}` }, 'Next items'),
    ),
  );
}

/** @param {BatchView} batch */
function ended({ counts: { succeeded = 0, failed = 0, cancelled = 0 } }) {
  return succeeded + failed + cancelled;
}

/** @param {BatchView} batch */
function hasEnded(batch) {
  return ended(batch) === batch.items;
}
