/**
 * A text as CLIP's normaliser leaves it: composed (NFC), each run of white space one space, lower case. White space is
 * Unicode's property White_Space, which differs from JavaScript's `\s` in U+0085 and U+FEFF.
 */
export function normalizeText(text: string): string {
  return lowerCaseByCharacter(text.normalize('NFC').replaceAll(/\p{White_Space}+/gu, ' '));
}

/** Without the rules for neighbours that `toLowerCase` knows: a final capital sigma becomes the plain small one. */
function lowerCaseByCharacter(text: string): string {
  return text.replaceAll(/\P{ASCII}|[A-Z]+/gu, (run) => run.toLowerCase());
}

const wordPattern =
  /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;
const markerPattern = /^(<\|)(startoftext|endoftext)(\|>)$/;

/**
 * The words of a normalised text: contractions, runs of letters, single digits, runs of anything else. A marker such as
 * `<|endoftext|>` that is no special token here is kept apart from its neighbours and then split like any text.
 */
export function splitWords(text: string): string[] {
  return [...text.matchAll(wordPattern)].flatMap(([word]) => markerPattern.exec(word)?.slice(1) ?? [word]);
}
