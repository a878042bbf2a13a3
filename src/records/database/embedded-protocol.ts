/** What the thread of the embedded database is told: one statement at a time, and the end. */
export type ToDatabase =
  | { readonly type: 'run'; readonly text: string; readonly parameters: readonly unknown[] }
  | { readonly type: 'close' };

/** What it says: first `open` or `failed`, then one `done` or `failed` for each statement, and notifications at any time. */
export type FromDatabase =
  | { readonly type: 'open' | 'closed' }
  | { readonly type: 'done'; readonly rows: unknown[]; readonly affectedRows: number }
  | { readonly type: 'failed'; readonly error: ErrorFields }
  | { readonly type: 'notification'; readonly channel: string; readonly payload: string };

/** A driver's error as data: its message and the fields beside it, SQLSTATE (`code`) among them. */
export interface ErrorFields extends Readonly<Record<string, unknown>> {
  readonly message: string;
}

/** What an error says, without its stack: a thread's own errors lose their fields on the way to another thread. */
export function fieldsOf(error: unknown): ErrorFields {
  const { message } = error as { readonly message?: unknown };
  const fields = Object.entries(error as object).filter(([, value]) => ['string', 'number'].includes(typeof value));
  return { ...Object.fromEntries(fields), message: typeof message === 'string' ? message : String(error) };
}

export function errorOf({ message, ...fields }: ErrorFields): Error {
  return Object.assign(new Error(message), fields);
}
