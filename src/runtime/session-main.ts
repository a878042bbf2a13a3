import { parentPort, workerData } from 'node:worker_threads';
import { serializeError } from '../errors.ts';
import { createSession, type NetworkSession } from './session.ts';
import type { FromSessionThread, SessionThreadData, ToSessionThread } from './thread-session.ts';

/* The thread of one session: it loads a network, runs it when it is told to, and ends when it is released. */

const port = parentPort!;
const { model, settings } = workerData as SessionThreadData;

function send(message: FromSessionThread, transferred: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transferred);
}

async function answer(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    send({ type: 'failed', error: serializeError(error) });
    return false;
  }
}

let session: NetworkSession | null = null;

const isLoaded = await answer(async () => {
  session = await createSession(model, settings);
  send({ type: 'ready' });
});

port.on('message', (message: ToSessionThread) => {
  if (message.type === 'run') void answer(async () => await run(message.feeds));
  else void session?.release().finally(() => port.close());
});
if (!isLoaded) port.close();

async function run(feeds: Extract<ToSessionThread, { type: 'run' }>['feeds']): Promise<void> {
  const outputs = (await session?.run(feeds)) ?? {};
  send({ type: 'ran', outputs });
}
