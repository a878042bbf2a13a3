// Loaded into pages of a test's browser: what a page that means harm tries on a server.

/**
 * It reads, plants, cancels, deletes and shows by every way that a browser has, and resolves when each of
 * them has come to its end.
 */
async function attack({ base, waiting, done }) {
  const read = [];
  const shown = [];
  const jobs = `${base}/v1/generations`;
  const files = [`${jobs}/${done}/outputs/0`, `${jobs}/${done}/maps/0`];
  const texts = [
    jobs,
    `${jobs}/${done}`,
    `${base}/v1/overview`,
    `${base}/v1/models`,
    `${base}/v1/keys`,
    `${base}/metrics`,
  ];
  const quietly = async (what) => {
    await what.catch(() => {});
  };

  // Reading.
  for (const url of [...texts, ...files, `${base}/openapi.json`]) {
    for (const mode of ['cors', 'no-cors', 'same-origin']) {
      for (const credentials of ['omit', 'include']) {
        const answer = await fetch(url, { mode, credentials }).catch(() => null);
        if (answer?.ok === true) read.push(`fetch ${mode} ${url}`);
      }
    }
  }
  await quietly(
    new Promise((resolve) => {
      const source = new EventSource(`${jobs}/${waiting}/events`);
      source.addEventListener('queued', () => read.push('events'));
      source.addEventListener('open', () => read.push('event stream'));
      source.addEventListener('error', () => (source.close(), resolve()));
    }),
  );
  await new Promise((resolve) => {
    const socket = new WebSocket(jobs.replace(/^http/, 'ws'));
    socket.addEventListener('open', () => read.push('socket'));
    socket.addEventListener('close', () => resolve());
  });

  // Planting, cancelling, deleting.
  const request = '{"prompt": "planted", "seed": 1}';
  const form = new FormData();
  form.append('prompt', 'planted');
  const changes = [
    [jobs, { body: request, headers: { 'content-type': 'application/json' } }],
    [jobs, { body: request, headers: { 'content-type': 'text/plain' } }],
    [jobs, { body: form }],
    [jobs, { body: new Blob([request], { type: 'application/json' }) }],
    [`${base}/v1/batches`, { body: `${request}\n`, headers: { 'content-type': 'text/plain' } }],
    [`${base}/v1/keys`, { body: '{"name": "planted"}', headers: { 'content-type': 'application/json' } }],
    [`${jobs}/${waiting}/cancel`, {}],
    [`${jobs}/${done}/retry`, {}],
    [`${base}/v1/dead-letters/${done}/replay`, {}],
    [`${jobs}/${done}`, { method: 'DELETE' }],
  ];
  for (const [url, init] of changes) {
    for (const mode of ['cors', 'no-cors', 'same-origin'])
      await quietly(fetch(url, { method: 'POST', ...init, mode, keepalive: true }));
  }
  for (const [encoding, path] of [
    ['text/plain', '/v1/generations'],
    ['multipart/form-data', '/v1/generations'],
    ['application/x-www-form-urlencoded', `/v1/generations/${waiting}/cancel`],
  ]) {
    await new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.name = `answer ${encoding}`;
      document.body.append(frame);
      const element = document.createElement('form');
      Object.assign(element, { method: 'POST', enctype: encoding, action: base + path, target: frame.name });
      const field = document.createElement('input');
      Object.assign(field, { name: 'prompt', value: 'planted' });
      element.append(field);
      document.body.append(element);
      frame.addEventListener('load', () => resolve());
      element.submit();
    });
  }

  // Showing.
  const load = async (element, attributes) =>
    await new Promise((resolve) => {
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      element.addEventListener('load', () => resolve(true));
      element.addEventListener('error', () => resolve(false));
      document.body.append(element);
    });
  for (const src of files) {
    if (await load(document.createElement('img'), { src })) shown.push(`picture ${src}`);
    if (await load(document.createElement('img'), { src, crossorigin: 'anonymous' })) shown.push(`CORS picture ${src}`);
  }
  for (const src of [...texts, `${base}/openapi.json`])
    if (await load(document.createElement('script'), { src })) shown.push(`script ${src}`);
  return { read, shown };
}

/** Shows an address in a frame, and resolves when the frame has loaded something. */
async function showInFrame(src) {
  await new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.addEventListener('load', resolve);
    frame.src = src;
    document.body.replaceChildren(frame);
  });
}

/** Goes to an address as a reader does who follows a link. */
function follow(href) {
  const link = document.createElement('a');
  link.href = href;
  document.body.append(link);
  link.click();
}

Object.assign(globalThis, { attack, showInFrame, follow });
