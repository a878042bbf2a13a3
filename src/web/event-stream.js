/**
 * The events of a text/event-stream (HTML Living Standard, section 9.2). Comments and events without data are left out.
 *
 * @param {AsyncIterable<string>} chunks pieces of the text, cut anywhere
 * @returns {AsyncGenerator<{ readonly id: string | undefined, readonly type: string, readonly data: any }>} data is parsed JSON
 */
export async function* parseEvents(chunks) {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const event = parseEvent(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (event !== null) yield event;
    }
  }
}

/** @param {string} text */
function parseEvent(text) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of text.split('\n')) {
    const [name = '', ...value] = line.split(':');
    if (name !== '') fields[name] = value.join(':').replace(/^ /, '');
  }
  const { id, event = 'message', data } = fields;
  return data === undefined ? null : { id, type: event, data: JSON.parse(data) };
}
