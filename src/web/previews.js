import { element, section } from './elements.js';

/**
 * @typedef {object} Preview An event of a job: what a picture comes to, as far as it can be told.
 * @property {number} output
 * @property {number} candidate
 * @property {number} step
 * @property {number} steps
 * @property {number} width
 * @property {number} height
 * @property {string} content_type
 * @property {string} data base64
 */

/** The newest of each picture, by output and candidate; they stay while the rest of the page is made anew. */
const cards = new Map();

/** The place for pictures on their way, with those that came so far; it is not seen while there are none. */
export function previewSection() {
  const place = section('On their way', element('div', { class: 'cards' }, [...cards.values()]));
  place.id = 'previews';
  place.hidden = cards.size === 0;
  return place;
}

/**
 * Shows a picture on its way, in the place of the one before.
 *
 * @param {Preview} preview
 */
export function showPreview(preview) {
  const key = `${preview.output}/${preview.candidate}`;
  const known = cards.get(key);
  const card = known ?? previewCard(preview);
  const picture = /** @type {HTMLImageElement} */ (card.querySelector('img'));
  if (picture.src !== '') URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(fileOf(preview));
  /** @type {HTMLElement} */ (card.querySelector('.step')).textContent = ` · step ${preview.step} of ${preview.steps}`;
  if (known !== undefined) return;
  cards.set(key, card);
  const place = document.getElementById('previews');
  if (place === null) return;
  place.hidden = false;
  place.querySelector('.cards')?.append(card);
}

/** @param {Preview} preview */
function previewCard({ output, candidate, width, height }) {
  const name = candidate === 0 ? `Output ${output + 1}` : `Output ${output + 1}, candidate ${candidate + 1}`;
  const frame = element('div', { class: 'frame' }, element('img', { alt: `${name}, as far as it is drawn` }));
  frame.style.aspectRatio = `${width} / ${height}`;
  return element(
    'article',
    { class: 'card' },
    frame,
    element('h3', {}, name, element('span', { class: 'quiet step' })),
  );
}

/** @param {Preview} preview */
function fileOf({ data, content_type: type }) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type });
}
