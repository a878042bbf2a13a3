import { element } from './elements.js';

/**
 * @typedef {object} Curve
 * @property {string} name
 * @property {readonly (readonly [step: number, value: number])[]} points
 */

const size = { width: 640, height: 200 };
/** Beside the curves, for the numbers of the axes. */
const margin = { left: 84, right: 12, top: 10, bottom: 30 };

/**
 * Curves over the steps of a training, each with its name below it. `what` says what is seen, for those who hear it.
 *
 * @param {string} what
 * @param {readonly Curve[]} curves
 * @param {number} steps
 * @returns {HTMLElement | ''} nothing where there is no point
 */
export function curvesView(what, curves, steps) {
  const drawn = curves.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return '';
  const values = drawn.flatMap(({ points }) => points.map(([, value]) => value));
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  const span = high - low || 1;
  const inner = { width: size.width - margin.left - margin.right, height: size.height - margin.top - margin.bottom };
  /** @param {number} step */
  const x = (step) => margin.left + (inner.width * step) / Math.max(1, steps);
  /** @param {number} value */
  const y = (value) => margin.top + inner.height * (1 - (value - low) / span);
  const lines = drawn.map(({ points }, index) => {
    const places = points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    const dots = points.map(([step, value]) =>
      shape('circle', { cx: x(step).toFixed(1), cy: y(value).toFixed(1), r: '2.5' }),
    );
    return shape('g', { class: `curve curve-${index}` }, shape('polyline', { points: places }), ...dots);
  });
  const axis = [
    shape('line', { x1: `${margin.left}`, x2: `${size.width - margin.right}`, y1: `${y(0)}`, y2: `${y(0)}` }),
    label({ x: `${margin.left - 6}`, y: `${y(low)}`, 'text-anchor': 'end' }, short(low)),
    label({ x: `${margin.left - 6}`, y: `${y(high) + 8}`, 'text-anchor': 'end' }, short(high)),
    label({ x: `${margin.left}`, y: `${size.height - 6}` }, '0'),
    label({ x: `${size.width - margin.right}`, y: `${size.height - 6}`, 'text-anchor': 'end' }, `step ${steps}`),
  ];
  const last = drawn.map(({ name, points }) => `${name} ${short(points.at(-1)?.[1] ?? 0)}`).join(', ');
  const drawing = shape(
    'svg',
    { viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', 'aria-label': `${what}; last: ${last}` },
    ...axis,
    ...lines,
  );
  const legend = drawn.map(({ name }, index) => element('span', { class: `curve-name curve-${index}` }, name));
  return element('figure', { class: 'curves' }, drawing, element('figcaption', { class: 'quiet' }, legend));
}

/** @param {number} value */
function short(value) {
  return Math.abs(value) < 1e-6 ? '0' : String(Number(value.toPrecision(3)));
}

/**
 * @param {Readonly<Record<string, string>>} attributes
 * @param {string} text
 */
function label(attributes, text) {
  return shape('text', attributes, text);
}

/**
 * @param {string} name
 * @param {Readonly<Record<string, string>>} attributes
 * @param {...(Node | string)} children
 */
function shape(name, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
