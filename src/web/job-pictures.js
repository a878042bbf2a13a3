import { pictureAddress } from './api.js';
import { bar, definitions, element, unfoldable } from './elements.js';
import { shown } from './kinds.js';
import { bytes, detailName, figure, metricNames, words, yesNo } from './figures.js';

/** @import { JobView, OutputView } from '../server/views/job-schema.ts' */

/**
 * A card for each output of a job, and one for each map that a control used.
 *
 * @param {JobView} job
 * @returns {readonly HTMLElement[]}
 */
export function pictureCards(job) {
  return [
    ...job.outputs.map((output, index) => outputCard(job, output, index)),
    ...job.maps.map((map, index) => mapCard(job, map, index)),
    ...shown(job.effective).given.map(({ type, index }) => sourceCard(job, type, index)),
  ];
}

/**
 * @param {JobView} job
 * @param {string} type
 * @param {number} index
 */
function sourceCard(job, type, index) {
  const path = `v1/generations/${job.id}/sources/${index}`;
  const name = `Picture that the ${type} map is of`;
  return element(
    'article',
    { class: 'card' },
    pictureFrame(path, name, null),
    element('h3', {}, type, element('span', { class: 'quiet' }, ' · the picture that was given')),
  );
}

/**
 * @param {JobView} job
 * @param {OutputView} output
 * @param {number} index
 */
function outputCard(job, output, index) {
  const { effective } = job;
  const name = shown(effective).output ?? `Output ${index + 1}`;
  const path = `v1/generations/${job.id}/outputs/${index}`;
  const alt = 'prompt' in effective ? `${name}: ${effective.prompt}` : name;
  const frame = pictureFrame(path, alt, output);
  const seed = output.seed === null ? '' : ` · seed ${output.seed}`;
  return element(
    'article',
    { class: 'card' },
    frame,
    element('h3', {}, name, element('span', { class: 'quiet' }, seed)),
    element('p', { class: 'quiet' }, fileFacts(output), ' · ', saveLink(path, `${job.id}-${index}`, output)),
    job.maps.length === 0 ? '' : overlay(job, frame),
    output.fidelity === null ? '' : fidelityTable(output.fidelity),
    output.candidates === null ? '' : candidateTable(job, output),
    output.data === null ? '' : unfoldable('What was found, as JSON', output.data),
  );
}

/**
 * @param {JobView} job
 * @param {JobView['maps'][number]} map
 * @param {number} index
 */
function mapCard(job, map, index) {
  const control = controlsOf(job)[map.control];
  const type = control?.type ?? 'control';
  const path = `v1/generations/${job.id}/maps/${index}`;
  return element(
    'article',
    { class: 'card' },
    pictureFrame(path, `Map of control ${map.control} (${type})`, map),
    element('h3', {}, type, element('span', { class: 'quiet' }, ` · map of control ${map.control}`)),
    element('p', { class: 'quiet' }, fileFacts(map), ' · ', saveLink(path, `${job.id}-map-${index}`, map)),
    control === undefined ? '' : definitions(controlRows(control)),
    map.data === null ? '' : unfoldable('What was found, as JSON', map.data),
  );
}

/** @param {JobView} job */
function controlsOf({ effective }) {
  return 'controls' in effective ? effective.controls : [];
}

/** @param {ReturnType<typeof controlsOf>[number]} control */
function controlRows({
  model,
  scale,
  start,
  end,
  mode,
  resize,
  resolution,
  structure,
  preprocess,
  images,
  image_encoder: encoder,
}) {
  const source = structure === null ? 'a ready-made map' : `a ${structure} as data`;
  const made = preprocess === false ? source : 'extracted from a photograph';
  const options = Object.entries(preprocess === false ? {} : preprocess);
  /** @type {(readonly [string, string])[]} */
  const rows = [
    ...(images === null ? [/** @type {const} */ (['Made', made])] : []),
    ...(images === null || images.length === 1 ? [] : [/** @type {const} */ (['Pictures', String(images.length)])]),
    [images === null ? 'ControlNet' : 'IP-Adapter', model.id],
    ...(encoder === null ? [] : [/** @type {const} */ (['Seen with', encoder.id])]),
    ['Scale', String(scale)],
    ...(start === 0 && end === 1 ? [] : [/** @type {const} */ (['Acts from, to', `${start}, ${end}`])]),
    ...(mode === 'balanced' ? [] : [/** @type {const} */ (['Mode', mode])]),
    ...(images === null ? [/** @type {const} */ (['Resize', resize])] : []),
    ...(resolution === null ? [] : [/** @type {const} */ (['Resolution', `${resolution} px`])]),
    ...options.map(
      ([name, value]) =>
        /** @type {const} */ ([words(name), typeof value === 'boolean' ? yesNo(value) : String(value)]),
    ),
  ];
  return rows;
}

/**
 * A picture in a frame of its own shape, so that nothing moves when its bytes come. It opens in full size.
 *
 * @param {string} path
 * @param {string} alt
 * @param {{ readonly width: number, readonly height: number } | null} size null where it is not known
 */
export function pictureFrame(path, alt, size) {
  const frame = element('div', { class: 'frame' });
  if (size !== null) frame.style.aspectRatio = `${size.width} / ${size.height}`;
  const picture = element('img', { alt });
  const button = element('button', { type: 'button', class: 'zoom', title: 'Full size' }, picture);
  const fail = (/** @type {string} */ detail) => frame.replaceChildren(element('p', { class: 'quiet' }, detail));
  picture.addEventListener('error', () => fail('The browser cannot show this format.'));
  button.addEventListener('click', () => showFullSize(picture.src, alt));
  pictureAddress(path).then(
    (address) => (picture.src = address),
    (error) => fail(`It cannot be shown: ${error.message}`),
  );
  frame.append(button);
  return frame;
}

/**
 * @param {string} address
 * @param {string} alt
 */
function showFullSize(address, alt) {
  const close = element('button', { autofocus: '' }, 'Close');
  const form = element('form', { method: 'dialog' }, close, element('img', { src: address, alt }));
  const dialog = element('dialog', { class: 'viewer', 'aria-label': 'Full size' }, form);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * A slider that lays a map over a picture, to see how well they agree.
 *
 * @param {JobView} job
 * @param {HTMLElement} frame of the picture
 */
function overlay(job, frame) {
  const choice = element(
    'select',
    { 'aria-label': 'Which map is laid over the picture' },
    job.maps.map(({ control }, index) =>
      element('option', { value: String(index) }, controlsOf(job)[control]?.type ?? ''),
    ),
  );
  const slider = element('input', {
    type: 'range',
    min: '0',
    max: '100',
    value: '0',
    'aria-label': 'How much of the map is seen',
  });
  const layer = element('img', { class: 'layer', alt: '' });
  const show = async () => {
    layer.style.opacity = `${Number(slider.value) / 100}`;
    layer.src = await pictureAddress(`v1/generations/${job.id}/maps/${choice.value}`);
    frame.append(layer);
  };
  for (const input of [choice, slider]) input.addEventListener('input', () => void show());
  return element('div', { class: 'overlay' }, element('span', { class: 'quiet' }, 'Lay over'), choice, slider);
}

/** @param {NonNullable<OutputView['fidelity']>} fidelity */
function fidelityTable(fidelity) {
  return element(
    'table',
    { class: 'bars' },
    element('caption', {}, 'How well it obeys its controls'),
    element('tbody', {}, fidelity.flatMap(fidelityRows)),
  );
}

/**
 * The figure, and below it what it is.
 *
 * @param {NonNullable<OutputView['fidelity']>[number]} figures
 */
function fidelityRows({ condition, metric, value, details, note, networks }) {
  const about = [
    ...(value === null || metric === null ? [] : [metricNames[metric]]),
    ...Object.entries(details).map(([name, number]) => `${detailName(name)} ${figure(number)}`),
    ...(networks.length === 0 ? [] : [`seen by ${networks.join(', ')}`]),
    ...(note === null ? [] : [note]),
  ];
  return [
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, condition),
      element('td', {}, value === null ? '' : bar(value, grade(value))),
      element('td', {}, value === null ? 'not measured' : figure(value)),
    ),
    element('tr', { class: 'more' }, element('td', { colspan: '3' }, about.join(' · '))),
  ];
}

/** @param {number} value */
function grade(value) {
  if (value >= 0.7) return 'good';
  return value >= 0.4 ? 'fair' : 'poor';
}

/**
 * @param {JobView} job
 * @param {OutputView} output
 */
function candidateTable(job, { seed, candidates }) {
  const controls = controlsOf(job);
  const head = ['Seed', 'Score', ...controls.map(({ type }) => type)].map((text) =>
    element('th', { scope: 'col' }, text),
  );
  const rows = (candidates ?? []).map((candidate) =>
    element(
      'tr',
      candidate.seed === seed ? { class: 'kept' } : {},
      element('th', { scope: 'row' }, String(candidate.seed), candidate.seed === seed ? ' · kept' : ''),
      ...[candidate.score, ...candidate.fidelity.map(({ value }) => value)].map((value) =>
        element('td', {}, value === null ? '–' : figure(value)),
      ),
    ),
  );
  return element(
    'details',
    {},
    element('summary', {}, `The best of ${rows.length} candidates`),
    element('table', { class: 'grid' }, element('thead', {}, element('tr', {}, head)), element('tbody', {}, rows)),
  );
}

/** @param {{ readonly width: number, readonly height: number, readonly bytes: number }} file */
function fileFacts(file) {
  return `${file.width} × ${file.height}, ${bytes(file.bytes)}`;
}

/**
 * @param {string} path
 * @param {string} name without its ending
 * @param {{ readonly content_type: string }} file
 */
function saveLink(path, name, { content_type: type }) {
  const link = element('a', { href: '#', download: `${name}.${type.replace('image/', '')}` }, 'save');
  void pictureAddress(path).then(
    (address) => (link.href = address),
    () => link.remove(),
  );
  return link;
}
