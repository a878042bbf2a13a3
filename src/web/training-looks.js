import { jobPath } from './api.js';
import { curvesView } from './curves.js';
import { element, section } from './elements.js';
import { pictureFrame } from './job-pictures.js';

/** @import { JobView } from '../server/views/job-schema.ts' */
/** @import { LooksView, LookView } from '../server/views/look-view.ts' */

/**
 * What a training shows on pairs that it does not learn from.
 *
 * @param {JobView} job
 * @param {LooksView} looks
 * @returns {readonly HTMLElement[]}
 */
export function looksView({ id, progress }, { data, notices }) {
  const last = data.at(-1);
  if (last === undefined) return [];
  const steps = Math.max(last.step, progress?.steps ?? 0);
  const shown = data.findLast(({ pictures }) => pictures.length > 0);
  return [
    section(
      'On pairs that it does not learn from',
      ...notices.map(({ message }) => element('p', { class: 'notice' }, message)),
      element('p', {}, inWords(last)),
      curvesView(
        'Loss over the steps',
        [
          { name: 'loss', points: points(data, 'training_loss') },
          { name: 'held-out loss', points: points(data, 'loss') },
        ],
        steps,
      ),
      ...obedience(data, last, steps),
    ),
    ...(shown === undefined
      ? []
      : [section(`Pictures after step ${shown.step}`, element('div', { class: 'cards' }, cards(id, shown)))]),
  ];
}

/** @param {LookView} look */
function inWords({ step, loss, g, ceiling, measure, channels }) {
  const figures = [
    ...(loss === null ? [] : [`held-out loss ${loss.toFixed(4)}`]),
    ...(g === null || measure !== 'fidelity' ? [] : [`pictures obey their maps to ${g.toFixed(3)}`]),
    ...(g === null || ceiling === null ? [] : [`true pictures to ${ceiling.toFixed(3)}`]),
    ...(g === null || measure === 'fidelity' ? [] : [`the own map saves ${(100 * g).toFixed(1)} % of the loss`]),
    ...(channels.with === null ? [] : [`colours ${colours(channels.with)}`]),
    ...(channels.without === null ? [] : [`of the base model alone ${colours(channels.without)}`]),
  ];
  return `After step ${step}: ${figures.join(', ')}.`;
}

/** @param {NonNullable<LookView['channels']['with']>} channels */
function colours({ mean, spread }) {
  return mean.map((value, index) => `${value.toFixed(2)} ± ${(spread[index] ?? 0).toFixed(2)}`).join(' / ');
}

/**
 * @param {readonly LookView[]} data
 * @param {LookView} last
 * @param {number} steps
 */
function obedience(data, { measure, ceiling }, steps) {
  const name = measure === 'fidelity' ? 'fidelity to the maps (g)' : 'share of the loss that the own map saves';
  const top = ceiling === null ? [] : [{ name: 'true pictures', points: levelAt(ceiling, steps) }];
  const curve = curvesView('How the control acts', [{ name, points: points(data, 'g') }, ...top], steps);
  return data.some(({ g }) => g !== null) ? [curve] : [];
}

/**
 * @param {number} value
 * @param {number} steps
 * @returns {readonly (readonly [number, number])[]}
 */
function levelAt(value, steps) {
  return [
    [0, value],
    [steps, value],
  ];
}

/**
 * @param {readonly LookView[]} data
 * @param {'training_loss' | 'loss' | 'g'} of
 */
function points(data, of) {
  return data.flatMap(({ step, [of]: value }) => (value === null ? [] : [/** @type {const} */ ([step, value])]));
}

/**
 * @param {string} id
 * @param {LookView} look
 */
function cards(id, { step, pictures }) {
  return pictures.flatMap(({ prompt, seed, map }, index) => {
    /** @param {string} file */
    const path = (file) => `${jobPath(id)}/validations/${step}/${index}/${file}`;
    const said = prompt || '(no prompt)';
    return [
      ...(map === null ? [] : [card(path('map'), `Map ${index + 1}`, 'held out')]),
      card(path('picture'), said, `with it, seed ${seed}`),
      card(path('without'), said, 'the base model alone'),
    ];
  });
}

/**
 * @param {string} path
 * @param {string} name
 * @param {string} what
 */
function card(path, name, what) {
  return element(
    'article',
    { class: 'card' },
    pictureFrame(path, `${name}, ${what}`, null),
    element('h3', {}, name, element('span', { class: 'quiet' }, ` · ${what}`)),
  );
}
