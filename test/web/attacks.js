// Loaded into pages of a test's browser: what a page that means harm tries on a server.

/**
 * It reads, plants, cancels, deletes and shows by every way that a browser has, and resolves when each of them has come to
 * its end. `reads` are paths that answer, `changes` are [method, path] of those that do something, `streams` paths of events,
 * `pictures` of files.
 */
async function attack({ base, reads, changes, streams, pictures }) {
  const read = [];
  const shown = [];
  const quietly = async (what) => {
    await what.catch(() => {});
  };

  // Reading.
  for (const path of reads) {
    for (const mode of ['cors', 'no-cors', 'same-origin']) {
      for (const credentials of ['omit', 'include']) {
        const answer = await fetch(base + path, { mode, credentials, referrerPolicy: 'no-referrer' }).catch(() => null);
        if (answer?.ok === true) read.push(`fetch ${mode} ${path}`);
      }
    }
  }
  for (const path of streams) {
    for (const withCredentials of [false, true]) {
      await new Promise((resolve) => {
        const source = new EventSource(base + path, { withCredentials });
        for (const type of ['open', 'message', 'queued', 'preview', 'succeeded', 'progress'])
          source.addEventListener(type, () => read.push(`${type} of ${path}`));
        source.addEventListener('error', () => (source.close(), resolve()));
      });
    }
  }
  for (const path of [...streams, '/v1/generations']) {
    await new Promise((resolve) => {
      const socket = new WebSocket((base + path).replace(/^http/, 'ws'));
      socket.addEventListener('open', () => read.push(`socket ${path}`));
      socket.addEventListener('close', () => resolve());
    });
  }
  await quietly(
    Promise.resolve()
      .then(async () => await navigator.serviceWorker.register(`${base}/start.js`))
      .then(() => read.push('service worker')),
  );
  await quietly(import(`${base}/openapi.json`).then(() => read.push('module')));

  // Planting, cancelling, deleting.
  const request = '{"prompt": "planted", "seed": 1, "name": "planted", "paths": ["/v1/generations"]}';
  const form = new FormData();
  for (const [name, value] of [
    ['prompt', 'planted'],
    ['image', new Blob(['x'], { type: 'image/png' })],
  ])
    form.append(name, value);
  const bodies = [undefined, request, form, new Blob([request], { type: 'image/png' })];
  for (const [method, path] of changes) {
    for (const mode of ['cors', 'no-cors']) {
      for (const body of bodies) {
        const headers = body === request && mode !== 'no-cors' ? { 'content-type': 'application/json' } : {};
        await quietly(fetch(base + path, { method, mode, body, headers }));
      }
    }
    if (method === 'POST') for (const body of bodies) navigator.sendBeacon(base + path, body);
  }
  for (const [, path] of changes.filter(([method]) => method === 'POST')) {
    const encodings = ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'];
    for (const encoding of path === '/v1/generations' ? encodings : encodings.slice(0, 1)) {
      await new Promise((resolve) => {
        const frame = document.createElement('iframe');
        frame.name = `answer ${encoding} ${path}`;
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
  }

  // Showing.
  const load = async (element, attributes) =>
    await new Promise((resolve) => {
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      element.addEventListener('load', () => resolve(true));
      element.addEventListener('error', () => resolve(false));
      document.body.append(element);
    });
  const show = async (name, attributes, path) => {
    if (await load(document.createElement(name), attributes)) shown.push(`${name} ${path}`);
  };
  for (const path of pictures) {
    const src = base + path;
    await show('img', { src }, path);
    await show('img', { src, referrerpolicy: 'no-referrer' }, path);
    await show('img', { src, crossorigin: 'anonymous' }, path);
    await show('embed', { src, type: 'image/png' }, path);
  }
  for (const path of reads) {
    await show('script', { src: base + path }, path);
    await show('link', { rel: 'stylesheet', href: base + path }, path);
  }
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
