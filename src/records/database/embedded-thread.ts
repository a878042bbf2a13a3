import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { fieldsOf, type FromDatabase, type ToDatabase } from './embedded-protocol.ts';

/*
 * The thread of the embedded database. PGlite answers in the thread that asks it, and a statement may take seconds: here it
 * holds up nothing but the statements behind it. A thread, not a process: it cannot outlive the process that holds the lock
 * of the folder.
 */

export interface DatabasePlace {
  readonly folder: string;
}

const port = parentPort!;
const say = (message: FromDatabase): void => port.postMessage(message);

// What the database prints is not for the terminal of whoever started the service: what matters comes as an error.
for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) console[name] = () => {};

// How much of a function runs before it is compiled anew, optimized. By default V8 does so with what opening a database runs a few times,
// which takes a quarter of the processor time of a start; what a server runs all day passes this within seconds. Node 20 to 24 know the flag.
setFlagsFromString('--wasm-tiering-budget=100000000');

try {
  const pglite = await PGlite.create((workerData as DatabasePlace).folder);
  pglite.onNotification((channel, payload) => say({ type: 'notification', channel, payload }));
  let last = Promise.resolve();
  port.on('message', (message: ToDatabase) => {
    last = last.then(async () => await answer(pglite, message));
  });
  say({ type: 'open' });
} catch (error) {
  say({ type: 'failed', error: fieldsOf(error) });
}

async function answer(pglite: PGlite, message: ToDatabase): Promise<void> {
  try {
    if (message.type === 'close') {
      await pglite.close();
      say({ type: 'closed' });
      return;
    }
    const { text, parameters } = message;
    // A statement without parameters goes by the simple protocol, which allows several of them in one text.
    const result =
      parameters.length === 0 ? (await pglite.exec(text)).at(-1) : await pglite.query(text, [...parameters]);
    say({ type: 'done', rows: result?.rows ?? [], affectedRows: result?.affectedRows ?? 0 });
  } catch (error) {
    say({ type: 'failed', error: fieldsOf(error) });
  }
}
