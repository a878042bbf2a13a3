/** Sends requests over keep-alive connections, one at a time on each, and prints what came of them as JSON. */
import { connect, type Socket } from 'node:net';
import type { Load, LoadResult } from './protocol.ts';

const load = JSON.parse(process.argv[2] ?? '') as Load;
const { hostname, port } = new URL(load.address);
const requests = load.requests.map(({ method, path, body }) => {
  const content = body === undefined ? '' : JSON.stringify(body);
  const headers = body === undefined ? [] : ['content-type: application/json', `content-length: ${content.length}`];
  return Buffer.from([`${method} ${path} HTTP/1.1`, `host: ${hostname}`, ...headers, '', content].join('\r\n'));
});

let sent = 0;
const statuses: Record<string, number> = {};
const latencies: number[] = [];

/** Bytes of the whole answer at the start of `bytes`; null where more has to come. */
function answerLength(bytes: Buffer): number | null {
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1];
  if (length === undefined) throw new Error(`An answer without its length:\n${bytes.toString('latin1', 0, head)}`);
  const total = head + 4 + Number(length);
  return bytes.length < total ? null : total;
}

async function drive(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let startedAt = 0;
    const next = (): void => {
      if (sent === load.count) {
        socket.end();
        resolve();
        return;
      }
      startedAt = performance.now();
      socket.write(requests[sent % requests.length]!);
      sent += 1;
    };
    socket.on('data', (data) => {
      received = received.length === 0 ? data : Buffer.concat([received, data]);
      const length = answerLength(received);
      if (length === null) return;
      const status = received.toString('latin1', 9, 12);
      statuses[status] = (statuses[status] ?? 0) + 1;
      latencies.push(performance.now() - startedAt);
      received = received.subarray(length);
      next();
    });
    socket.on('error', reject).on('close', () => reject(new Error('The server closed a connection.')));
    socket.once('connect', next);
  });
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: load.connections }, async () => await drive(connect(Number(port), hostname))));
const seconds = (performance.now() - startedAt) / 1000;
latencies.sort((a, b) => a - b);
const p99 = latencies[Math.floor(0.99 * latencies.length)] ?? 0;
console.log(JSON.stringify({ seconds, statuses, p99 } satisfies LoadResult));
