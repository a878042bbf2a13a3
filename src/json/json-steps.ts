import { closeBrace, closeBracket, comma, openBrace, openBracket, quote, Reader } from './json-reader.ts';

/** Values that are read in one step. */
const valuesOfStep = 512;

/**
 * Reads one JSON value of valid UTF-8 in one linear pass, step by step: whoever drives the steps may do something else between
 * them. `values` bounds how many numbers, texts, arrays and so on there may be; names come once in an object; numbers are kept
 * exactly, those under a name that begins with `metadata` such that they are written as they came.
 *
 * @throws JsonRefusal
 */
export function* jsonSteps(bytes: Buffer, values: number, givenBack: boolean): Generator<undefined, unknown> {
  const reader = new Reader(bytes, givenBack);
  const { open } = reader;
  let read = 0;
  for (;;) {
    if (reader.skipSpace()) yield* reader.skipMoreSpace();
    let inner = open.at(-1);
    const isEmpty = inner !== undefined && reader.closesEmpty(inner);
    if (inner !== undefined && !inner.isArray && !isEmpty) {
      inner.name = yield* reader.name(inner);
      if (reader.skipSpace()) yield* reader.skipMoreSpace();
    }
    let value: unknown;
    if (isEmpty) {
      reader.at += 1;
      value = open.pop()!.value;
    } else {
      read += 1;
      if (read > values) throw reader.refusal('many', String(values));
      if (read % valuesOfStep === 0) yield;
      const byte = bytes[reader.at];
      if (byte === openBracket || byte === openBrace) {
        reader.enter(byte === openBracket);
        continue;
      }
      value = byte === quote ? yield* reader.text() : reader.scalar(byte);
    }
    // The value is whole: so are those that end with it.
    for (;;) {
      inner = open.at(-1);
      if (reader.skipSpace()) yield* reader.skipMoreSpace();
      if (inner === undefined) {
        if (reader.at < bytes.length) throw reader.refusal('syntax');
        return value;
      }
      reader.put(inner, value);
      const byte = bytes[reader.at];
      reader.at += 1;
      if (byte === comma) break;
      if (byte !== (inner.isArray ? closeBracket : closeBrace)) {
        reader.at -= 1;
        throw reader.refusal('syntax');
      }
      value = open.pop()!.value;
    }
  }
}
