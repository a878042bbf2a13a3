import { send } from './api.js';
import { element } from './elements.js';

/**
 * Something that a reader may do.
 *
 * @typedef {object} Action
 * @property {string} name on its button
 * @property {'POST' | 'DELETE'} method
 * @property {string} path of the API
 * @property {string} [question] asked before it is done, where it cannot be undone
 * @property {(answer: Response) => void | Promise<void>} after what follows
 */

/**
 * Where is said what the server refused, by what was tried first in its row: a page that is drawn anew says it still.
 *
 * @type {Map<string, HTMLElement>}
 */
const places = new Map();

/**
 * A row of buttons. What the server refuses is said below them, for as long as the same can be tried.
 *
 * @param {readonly Action[]} actions
 * @returns {HTMLElement | ''}
 */
export function actionRow(actions) {
  const [first] = actions;
  if (first === undefined) return '';
  const named = `${first.method} ${first.path}`;
  const said = places.get(named) ?? element('div', { role: 'status' });
  places.set(named, said);
  return element(
    'div',
    {},
    element(
      'div',
      { class: 'actions' },
      actions.map((action) => actionButton(action, said)),
    ),
    said,
  );
}

/**
 * @param {Action} action
 * @param {HTMLElement} said
 */
function actionButton({ name, method, path, question, after }, said) {
  const button = element('button', { type: 'button', class: question === undefined ? '' : 'danger' }, name);
  const act = async () => {
    if (question !== undefined && !(await confirmed(question, name))) return;
    button.disabled = true;
    said.replaceChildren();
    try {
      await after(await send(method, path));
    } catch (error) {
      button.disabled = false;
      const detail = error instanceof Error ? error.message : String(error);
      said.replaceChildren(element('p', { class: 'notice bad' }, detail));
    }
  };
  button.addEventListener('click', () => void act());
  return button;
}

/**
 * @param {string} question
 * @param {string} name of what is done
 * @returns {Promise<boolean>}
 */
async function confirmed(question, name) {
  const dialog = element(
    'dialog',
    { 'aria-labelledby': 'question' },
    element(
      'form',
      { method: 'dialog' },
      element('h2', { id: 'question' }, question),
      element(
        'div',
        { class: 'actions' },
        element('button', { value: 'no' }, 'Keep it'),
        element('button', { value: 'yes', class: 'danger' }, name),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  dialog.remove();
  return dialog.returnValue === 'yes';
}
