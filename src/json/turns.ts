import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work after which others get their turn. */
const patience = 8;

/** When the event loop was last free for others. All long work of the process shares it, so that ten requests take no longer a turn than one. */
let since = performance.now();

/** Whether what runs now has had its turn: then it has to await {@link nextTurn}. Costs some 50 ns. */
export function isOverdue(): boolean {
  return performance.now() - since > patience;
}

/** Resolves when others have had their turn. Who waits for it together gets it one after another. */
export async function nextTurn(): Promise<void> {
  while (isOverdue()) {
    const before = since;
    await setImmediate();
    if (since === before) since = performance.now();
  }
}
