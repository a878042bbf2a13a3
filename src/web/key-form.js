import { element } from './elements.js';

/**
 * Asks the reader for an API key and waits for it.
 *
 * @param {boolean} again whether the last one was refused
 * @returns {Promise<string>}
 */
export async function askForKey(again) {
  const input = element('input', { type: 'password', id: 'api-key', autocomplete: 'off', required: '' });
  const form = element(
    'form',
    { method: 'dialog' },
    element('h2', { id: 'key-title' }, 'This server wants an API key'),
    again ? element('p', { class: 'notice bad', role: 'alert' }, 'The server did not accept that key.') : '',
    element('label', { for: 'api-key' }, 'API key'),
    input,
    element('p', { class: 'quiet' }, 'It is kept for this tab until you close it, and sent to this server only.'),
    element('button', { class: 'primary' }, 'Continue'),
  );
  const dialog = element('dialog', { 'aria-labelledby': 'key-title' }, form);
  // Without a key there is nothing behind it to go back to.
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => form.addEventListener('submit', resolve, { once: true }));
  dialog.remove();
  return input.value.trim();
}
