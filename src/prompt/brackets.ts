/**
 * Where each bracket of a prompt that is closed again is closed, by the place of the one that opens it. A backslash takes the next
 * character for what it is. Brackets are pairs here: one that is open inside a pair and not closed in it is text. Linear in time.
 */
export function matchBrackets(text: string): ReadonlyMap<number, number> {
  const closed = new Map<number, number>();
  const open: number[] = [];
  let squares = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === '(') open.push(at);
    else if (char === '[') {
      open.push(at);
      squares += 1;
    } else if (char === ')' && text[open.at(-1) ?? -1] === '(') closed.set(open.pop() ?? 0, at);
    else if (char === ']' && squares > 0) {
      while (text[open.at(-1) ?? -1] === '(') open.pop();
      closed.set(open.pop() ?? 0, at);
      squares -= 1;
    }
  }
  return closed;
}

/**
 * The places from `from` to `to` that stand in no bracket there and behind no backslash. Takes as long as there are such places:
 * what is in brackets is passed over.
 */
export function* barePlaces(
  text: string,
  brackets: ReadonlyMap<number, number>,
  from = 0,
  to = text.length,
): Generator<number> {
  for (let at = from; at < to; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (brackets.has(at)) at = brackets.get(at) ?? at;
    else yield at;
  }
}
