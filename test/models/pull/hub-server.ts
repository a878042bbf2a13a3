import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LocalServer, localServer } from '../../fetch/local-server.ts';

export const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';

export interface HubContents {
  /** Files by path; those of at least `lfsFrom` bytes lie on another server. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly repo?: string;
  /** Looks at a request before the hub does; true: it has answered. */
  readonly first?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** The same for the server where large files lie. */
  readonly firstElsewhere?: (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => boolean;
  /** What is said of a large file instead of its hash. */
  readonly announced?: string;
}

export interface HubServer {
  readonly hub: LocalServer;
  readonly elsewhere: LocalServer;
  /** Paths of the hub that were asked for, with their method. */
  readonly asked: () => readonly string[];
}

const lfsFrom = 1000;

/** A server that speaks a model hub's protocol as far as pulls use it, and one beside it with the large files. */
export async function hubServer(contents: HubContents): Promise<HubServer> {
  const { repo = 'some/model', files } = contents;
  const elsewhere = await localServer((request, response) => {
    const bytes = files[decodeURIComponent(new URL(request.url ?? '', 'http://x').pathname.slice(1))];
    if (bytes === undefined) response.writeHead(404).end();
    else if (contents.firstElsewhere?.(request, response, bytes) !== true) sendRange(request, response, bytes);
  });
  const hub = await localServer((request, response) => {
    if (contents.first?.(request, response) === true) return;
    const { pathname } = new URL(request.url ?? '', 'http://x');
    if (pathname.startsWith(`/api/models/${repo}/tree/`)) list(response, files);
    else resolve(request, response, pathname);
  });
  const resolve = (request: IncomingMessage, response: ServerResponse, pathname: string): void => {
    const [, path = ''] = /\/resolve\/[^/]+\/(.+)$/.exec(pathname) ?? [];
    const bytes = files[decodeURIComponent(path)];
    if (!pathname.startsWith(`/${repo}/resolve/`)) {
      response.writeHead(401, { 'x-error-code': 'RepoNotFound' }).end();
    } else if (bytes === undefined) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    } else if (bytes.length >= lfsFrom) {
      const sha256 = contents.announced ?? createHash('sha256').update(bytes).digest('hex');
      response
        .writeHead(302, {
          'x-linked-etag': `"${sha256}"`,
          'x-linked-size': bytes.length,
          'x-repo-commit': commit,
          location: `${elsewhere.origin}/${path}?signature=x`,
        })
        .end();
    } else {
      const blob = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
      response.setHeader('etag', `"${blob}"`).setHeader('x-repo-commit', commit);
      sendRange(request, response, bytes);
    }
  };
  return { hub, elsewhere, asked: () => hub.requests.map(({ method, url }) => `${method} ${url}`) };
}

function list(response: ServerResponse, files: HubContents['files']): void {
  const folders = [...new Set(Object.keys(files).flatMap((path) => (path.includes('/') ? [path.split('/')[0]] : [])))];
  const rows = [
    ...folders.map((path) => ({ type: 'directory', path, size: 0 })),
    ...Object.entries(files).map(([path, bytes]) => ({ type: 'file', path, size: bytes.length })),
  ];
  response.setHeader('content-type', 'application/json').end(JSON.stringify(rows));
}

export function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const part = bytes.subarray(from);
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.length, ...(from > 0 ? range : {}) });
  response.end(request.method === 'HEAD' ? undefined : part);
}

/** Sends the head of an answer and only so many bytes of its body, then cuts the connection. */
export function sendCut(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, most: number): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': bytes.length - from,
    ...(from > 0 ? range : {}),
  });
  response.write(bytes.subarray(from, from + most), () => response.destroy());
}
