import { getJson, Refusal, send } from './api.js';
import { boardView } from './board-view.js';
import { element } from './elements.js';

/** @import { OverviewView } from '../server/views/overview-view.ts' */

const main = /** @type {HTMLElement} */ (document.getElementById('main'));

/** Milliseconds between two looks; a page that nobody sees looks no further. */
const pause = 5000;

for (;;) {
  if (document.visibilityState === 'visible') await show();
  await new Promise((resolve) => setTimeout(resolve, pause));
}

async function show() {
  try {
    /** @type {OverviewView} */
    const overview = await getJson('v1/admin/overview');
    main.replaceChildren(...boardView(overview, { replay }));
  } catch (error) {
    const detail = error instanceof Refusal ? error.message : 'The server is away. Trying again …';
    const notice = element('p', { class: 'notice bad', role: 'alert' }, detail);
    // What was true a moment ago is worth more than nothing.
    main.querySelector('.notice[role=alert]')?.remove();
    if (main.ariaBusy === 'true') main.replaceChildren(notice);
    else main.prepend(notice);
  }
  main.removeAttribute('aria-busy');
}

/** Queues the dead jobs again. */
async function replay() {
  await send('POST', 'v1/dead-letters/replay').catch(() => {});
  await show();
}
