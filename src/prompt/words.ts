const partOfWord = /[\p{L}\p{N}_]/u;

/** Places of a word that stands by itself, in capitals as given. */
export function placesOfWord(text: string, word: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + word.length)) {
    const before = /.$/su.exec(text.slice(Math.max(0, at - 2), at))?.[0] ?? '';
    const after = /^./su.exec(text.slice(at + word.length, at + word.length + 2))?.[0] ?? '';
    if (!partOfWord.test(before) && !partOfWord.test(after)) places.push(at);
  }
  return places;
}
