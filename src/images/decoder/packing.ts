import type { Frame } from './framing.ts';

/** Where bytes were in a value: which of the pieces they are. */
interface Place {
  readonly piece: number;
}

/** A value of plain objects, arrays and bytes as a message. No object of it has `piece` as its only field. */
export function pack(value: unknown): Frame {
  const pieces: Uint8Array[] = [];
  const facts = packed(value, (bytes) => ({ piece: pieces.push(bytes) - 1 }));
  return { facts, pieces };
}

/** The value that a message was made from. @throws RangeError where it names a piece that it does not have. */
export function unpack({ facts, pieces }: Frame): unknown {
  if (typeof facts !== 'object' || facts === null) return facts;
  if (Array.isArray(facts)) return facts.map((entry: unknown) => unpack({ facts: entry, pieces }));
  const fields = Object.entries(facts);
  if (fields.length === 1 && 'piece' in facts) return pieceOf(facts as Place, pieces);
  return Object.fromEntries(fields.map(([name, entry]) => [name, unpack({ facts: entry, pieces })]));
}

function packed(value: unknown, keep: (bytes: Uint8Array) => Place): unknown {
  if (value instanceof Uint8Array) return keep(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => packed(entry, keep));
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, packed(entry, keep)]));
}

function pieceOf({ piece }: Place, pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = pieces[piece];
  if (bytes === undefined) throw new RangeError('The message names bytes that it does not have');
  return bytes;
}
