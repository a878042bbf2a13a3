// Commands name the address under which this page was found, and can be copied.
import { element } from './elements.js';

const address = new URL('.', location.href).href.replace(/\/$/, '');

for (const command of document.querySelectorAll('code.command')) {
  const text = (command.textContent ?? '').replaceAll('http://127.0.0.1:7860', address);
  command.textContent = text;
  const button = element('button', { type: 'button', class: 'copy' }, 'Copy');
  const said = element('span', { role: 'status', class: 'quiet' });
  button.addEventListener('click', () => void copy(text, said));
  command.parentElement?.after(element('p', { class: 'actions' }, button, said));
}

/**
 * @param {string} text
 * @param {HTMLElement} said
 */
async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = 'Copied.';
  } catch {
    // A browser copies only on pages of this machine or by https.
    said.textContent = 'The browser does not let this page copy: mark the text instead.';
  }
}
