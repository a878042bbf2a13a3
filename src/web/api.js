import { askForKey } from './key-form.js';
import { parseEvents } from './event-stream.js';

/** The server's address: this file is in its folder `assets`, whatever comes before that. */
const root = new URL('..', import.meta.url);

const keyName = 'armature.api_key';

/** What the server answered instead of what was asked for. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * The answer of the API to a GET at a path below the server's address.
 *
 * @param {string} path such as `v1/generations`
 * @param {{ signal?: AbortSignal, headers?: Readonly<Record<string, string>> }} [options]
 * @returns {Promise<Response>}
 * @throws {Refusal} with the words of the server's problem document
 */
export async function get(path, options = {}) {
  return await ask('GET', path, options);
}

/**
 * Sends a POST or DELETE without a body.
 *
 * @param {'POST' | 'DELETE'} method
 * @param {string} path
 * @returns {Promise<Response>}
 * @throws {Refusal}
 */
export async function send(method, path) {
  return await ask(method, path, {});
}

/**
 * Where the server wants a key, the reader is asked once, and the key is kept for this tab.
 *
 * @param {string} method
 * @param {string} path
 * @param {{ signal?: AbortSignal, headers?: Readonly<Record<string, string>> }} options
 */
async function ask(method, path, { signal, headers = {} }) {
  for (;;) {
    const key = sessionStorage.getItem(keyName);
    const response = await fetch(new URL(path, root), {
      method,
      headers: { ...headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok) return response;
    if (response.status !== 401) throw await refusal(response);
    await newKey(key);
  }
}

/**
 * @template T
 * @param {string} path
 * @returns {Promise<T>}
 */
export async function getJson(path) {
  return await (await get(path)).json();
}

/** @type {Map<string, Promise<string>>} */
const pictures = new Map();

/**
 * An address of a file's bytes that a picture element can show: such an element sends no key of its own.
 *
 * @param {string} path
 * @returns {Promise<string>}
 */
export function pictureAddress(path) {
  const known = pictures.get(path);
  if (known !== undefined) return known;
  const address = get(path)
    .then(async (response) => URL.createObjectURL(await response.blob()))
    .catch((error) => {
      pictures.delete(path);
      throw error;
    });
  pictures.set(path, address);
  return address;
}

/**
 * The server-sent events of a path, in their order, until the server ends the stream. (EventSource can send no key.)
 *
 * @param {string} path
 * @param {string} [after] id of the last event that was seen
 */
export async function* getEvents(path, after) {
  const { body } = await get(path, { headers: after === undefined ? {} : { 'last-event-id': after } });
  if (body === null) return;
  yield* parseEvents(body.pipeThrough(new TextDecoderStream()));
}

/** @type {Promise<string> | null} */
let asking = null;

/**
 * Asks for another key than the refused one, once for all requests that wait for it.
 *
 * @param {string | null} refused
 */
async function newKey(refused) {
  if (refused !== sessionStorage.getItem(keyName)) return;
  asking ??= askForKey(refused !== null).finally(() => (asking = null));
  sessionStorage.setItem(keyName, await asking);
}

/** @param {Response} response */
async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? `The server answered with the status ${response.status}.`;
  return new Refusal(response.status, String(detail));
}

/**
 * The address of a job, below which its events and files are.
 *
 * @param {string} id
 */
export function jobPath(id) {
  return `v1/${id.startsWith('trn_') ? 'trainings' : 'generations'}/${encodeURIComponent(id)}`;
}
