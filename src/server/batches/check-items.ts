import { ArmatureError, type FieldError } from '../../errors.ts';
import { tooManyItems } from '../../generation/batch-request.ts';
import { isOverdue, nextTurn } from '../../json/turns.ts';

/** Items that are checked side by side: while the picture of one is fetched, others are looked at. */
const width = 8;
/** Errors of one answer. */
const mostErrors = 20;

type Source<T> = AsyncIterable<T> | Iterable<T>;

/**
 * Checks every item and returns what `check` made of each, in order. All of them are looked at before one is refused:
 * the error names up to 20, the first of them in its own fields.
 *
 * @throws ArmatureError with `errors`; `payload_too_large` at the item after the last that is allowed
 */
export async function checkItems<Item, T>(
  items: Source<() => Promise<Item>>,
  maxItems: number,
  check: (item: Item) => Promise<T>,
): Promise<readonly T[]> {
  const source = oneByOne(items);
  const checked: T[] = [];
  const errors: { readonly index: number; readonly error: ArmatureError }[] = [];
  let taken = 0;

  const work = async (): Promise<void> => {
    while (errors.length < mostErrors) {
      const next = await source.next();
      if (next.done === true) return;
      const index = taken;
      taken += 1;
      if (index >= maxItems) throw tooManyItems(maxItems);
      if (isOverdue()) await nextTurn();
      try {
        checked[index] = await check(await next.value());
      } catch (error) {
        if (!(error instanceof ArmatureError) || error.status >= 500) throw error;
        errors.push({ index, error });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: width }, work));
  } finally {
    // What is not read any more is let go; not waited for, since more of it may never come.
    void source.return().catch(() => {});
  }
  if (errors.length > 0) throw together(errors.toSorted((a, b) => a.index - b.index).slice(0, mostErrors), taken);
  if (taken === 0)
    throw new ArmatureError('invalid_request', 'Expected a batch of at least one item but received none.');
  return checked;
}

async function* oneByOne<T>(items: Source<T>): AsyncGenerator<T, void> {
  yield* items;
}

function together(
  errors: readonly { readonly index: number; readonly error: ArmatureError }[],
  looked: number,
): ArmatureError {
  const all = errors.map(({ index, error }): FieldError => {
    const path = error.field === undefined ? `items[${index}]` : `items[${index}].${error.field}`;
    return { code: error.code, detail: error.message, field: path };
  });
  const first = all[0]!;
  const { error } = errors[0]!;
  const count = all.length === mostErrors ? `${all.length} or more` : String(all.length);
  const detail =
    all.length === 1
      ? `${first.field}: ${first.detail}`
      : `${count} of ${looked} items: ${first.field}: ${first.detail}`;
  return new ArmatureError(first.code, detail, {
    cause: error,
    field: first.field,
    errors: all,
    ...(error.choices === undefined ? {} : { choices: error.choices }),
  });
}
