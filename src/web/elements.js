/**
 * An element with attributes and children. Text stays text: nothing is read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string>>} [attributes]
 * @param {...(Node | string | readonly (Node | string)[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat().filter((child) => child !== ''));
  return node;
}

/**
 * A list of names and values; a value may be an element.
 *
 * @param {readonly (readonly [name: string, value: Node | string])[]} rows
 */
export function definitions(rows) {
  return element(
    'dl',
    { class: 'facts' },
    rows.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

/**
 * A bar that is filled to a share of 0..1. The figure itself has to stand beside it as text.
 *
 * @param {number} share
 * @param {string} [kind] a class that colours it
 */
export function bar(share, kind = '') {
  const fill = element('span');
  fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return element('span', { class: `bar ${kind}`.trim(), 'aria-hidden': 'true' }, fill);
}

/**
 * A part of the page under a heading.
 *
 * @param {string} title
 * @param {...(Node | string)} children
 */
export function section(title, ...children) {
  return element('section', {}, element('h2', {}, title), ...children);
}

/**
 * The top of a page about a job or a batch: how it stands and its id, its title, and what follows from that.
 *
 * @param {{ readonly id: string, readonly status: string }} subject
 * @param {string} title
 * @param {readonly (Node | string)[]} beside what stands behind the id
 * @param {...(Node | string)} children
 */
export function heading({ id, status }, title, beside, ...children) {
  return element(
    'div',
    { class: 'heading' },
    element(
      'p',
      { class: 'quiet' },
      element('span', { class: `state ${status}` }, status),
      ' ',
      element('code', {}, id),
      beside,
    ),
    element('h1', {}, title),
    ...children,
  );
}

/**
 * A point in time as the reader writes it.
 *
 * @param {string} iso
 */
export function time(iso) {
  const text = new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return element('time', { datetime: iso }, text);
}

/**
 * JSON to be unfolded.
 *
 * @param {string} title
 * @param {unknown} value
 */
export function unfoldable(title, value) {
  return element(
    'details',
    {},
    element('summary', {}, title),
    element('pre', { tabindex: '0' }, JSON.stringify(value, null, 2)),
  );
}

/**
 * A row of {@link definitions}.
 *
 * @template {Node | string} Value
 * @param {string} name
 * @param {Value} value
 * @returns {readonly [string, Node | string]}
 */
export function pair(name, value) {
  return [name, value];
}
