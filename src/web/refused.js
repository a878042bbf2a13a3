import { Refusal } from './api.js';
import { element } from './elements.js';

/**
 * Shows on a page why what it is about is not there. What is no refusal of the server is thrown on.
 *
 * @param {HTMLElement} main
 * @param {unknown} error
 * @param {string} what the page is about
 */
export function showRefusal(main, error, what) {
  if (!(error instanceof Refusal)) throw error;
  const title = error.status === 404 ? `There is no such ${what}` : `The ${what} cannot be shown`;
  document.title = `${title} · Armature`;
  main.replaceChildren(element('h1', {}, title), element('p', { class: 'notice bad', role: 'alert' }, error.message));
  main.removeAttribute('aria-busy');
}
