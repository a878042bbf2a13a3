import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to whoever names none: no other socket takes one before its server listens on it. */
const [first, last] = [20_000, 32_000];

/** Each process begins elsewhere, and names no port twice. */
let next = first + ((process.pid * 41) % (last - first));

/** A port that nobody listens on, for a server that has to be told one. */
export async function freePort(): Promise<number> {
  for (let tried = first; tried < last; tried++) {
    const port = next;
    next = port + 1 < last ? port + 1 : first;
    if (await isFree(port)) return port;
  }
  throw new Error('No port is free');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  try {
    await listening;
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
