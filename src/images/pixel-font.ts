import type { RgbImage } from '../conditions/condition.ts';

/** Pixels of a letter, from one to the next, and from a line to the next: a letter may reach two pixels below its line. */
export const letter = { width: 5, height: 7, advance: 6, line: 10 } as const;

/**
 * A font of small letters, so that pictures with words in them need none from the machine: printable ASCII, seven rows a
 * letter (nine of those that reach below the line), each as five bits.
 */
const letters: Readonly<Record<string, readonly number[]>> = {
  '!': [4, 4, 4, 4, 4, 0, 4],
  '"': [10, 10, 0, 0, 0, 0, 0],
  '#': [10, 10, 31, 10, 31, 10, 10],
  $: [4, 15, 20, 14, 5, 30, 4],
  '%': [25, 26, 2, 4, 8, 11, 19],
  '&': [12, 18, 20, 8, 21, 18, 13],
  "'": [4, 4, 0, 0, 0, 0, 0],
  '(': [2, 4, 8, 8, 8, 4, 2],
  ')': [8, 4, 2, 2, 2, 4, 8],
  '*': [0, 4, 21, 14, 21, 4, 0],
  '+': [0, 4, 4, 31, 4, 4, 0],
  ',': [0, 0, 0, 0, 0, 4, 4, 8],
  '-': [0, 0, 0, 14, 0, 0, 0],
  '.': [0, 0, 0, 0, 0, 0, 4],
  '/': [1, 1, 2, 4, 8, 16, 16],
  0: [14, 17, 19, 21, 25, 17, 14],
  1: [4, 12, 4, 4, 4, 4, 14],
  2: [14, 17, 1, 6, 8, 16, 31],
  3: [14, 17, 1, 6, 1, 17, 14],
  4: [2, 6, 10, 18, 31, 2, 2],
  5: [31, 16, 30, 1, 1, 17, 14],
  6: [6, 8, 16, 30, 17, 17, 14],
  7: [31, 1, 2, 2, 4, 4, 4],
  8: [14, 17, 17, 14, 17, 17, 14],
  9: [14, 17, 17, 15, 1, 2, 12],
  ':': [0, 0, 4, 0, 0, 4, 0],
  ';': [0, 0, 4, 0, 0, 4, 4, 8],
  '<': [2, 4, 8, 16, 8, 4, 2],
  '=': [0, 0, 31, 0, 31, 0, 0],
  '>': [8, 4, 2, 1, 2, 4, 8],
  '?': [14, 17, 1, 6, 4, 0, 4],
  '@': [14, 17, 23, 21, 22, 16, 14],
  A: [4, 10, 17, 17, 31, 17, 17],
  B: [30, 17, 17, 30, 17, 17, 30],
  C: [14, 17, 16, 16, 16, 17, 14],
  D: [30, 17, 17, 17, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31],
  F: [31, 16, 16, 30, 16, 16, 16],
  G: [14, 17, 16, 23, 17, 17, 15],
  H: [17, 17, 17, 31, 17, 17, 17],
  I: [14, 4, 4, 4, 4, 4, 14],
  J: [1, 1, 1, 1, 17, 17, 14],
  K: [17, 18, 20, 24, 20, 18, 17],
  L: [16, 16, 16, 16, 16, 16, 31],
  M: [17, 27, 21, 21, 17, 17, 17],
  N: [17, 25, 25, 21, 19, 19, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  P: [30, 17, 17, 30, 16, 16, 16],
  Q: [14, 17, 17, 17, 21, 18, 13],
  R: [30, 17, 17, 30, 20, 18, 17],
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  U: [17, 17, 17, 17, 17, 17, 14],
  V: [17, 17, 17, 17, 10, 10, 4],
  W: [17, 17, 17, 21, 21, 27, 17],
  X: [17, 17, 10, 4, 10, 17, 17],
  Y: [17, 17, 10, 4, 4, 4, 4],
  Z: [31, 1, 2, 4, 8, 16, 31],
  '[': [14, 8, 8, 8, 8, 8, 14],
  '\\': [16, 16, 8, 4, 2, 1, 1],
  ']': [14, 2, 2, 2, 2, 2, 14],
  '^': [4, 10, 17, 0, 0, 0, 0],
  _: [0, 0, 0, 0, 0, 0, 0, 31],
  '`': [8, 4, 0, 0, 0, 0, 0],
  a: [0, 0, 14, 1, 15, 17, 15],
  b: [16, 16, 30, 17, 17, 17, 30],
  c: [0, 0, 14, 16, 16, 17, 14],
  d: [1, 1, 15, 17, 17, 17, 15],
  e: [0, 0, 14, 17, 31, 16, 14],
  f: [6, 8, 30, 8, 8, 8, 8],
  g: [0, 0, 15, 17, 17, 17, 15, 1, 14],
  h: [16, 16, 30, 17, 17, 17, 17],
  i: [4, 0, 12, 4, 4, 4, 14],
  j: [2, 0, 6, 2, 2, 2, 2, 18, 12],
  k: [16, 16, 18, 20, 24, 20, 18],
  l: [12, 4, 4, 4, 4, 4, 14],
  m: [0, 0, 26, 21, 21, 21, 21],
  n: [0, 0, 30, 17, 17, 17, 17],
  o: [0, 0, 14, 17, 17, 17, 14],
  p: [0, 0, 30, 17, 17, 17, 30, 16, 16],
  q: [0, 0, 15, 17, 17, 17, 15, 1, 1],
  r: [0, 0, 22, 24, 16, 16, 16],
  s: [0, 0, 15, 16, 14, 1, 30],
  t: [8, 8, 30, 8, 8, 8, 6],
  u: [0, 0, 17, 17, 17, 17, 15],
  v: [0, 0, 17, 17, 17, 10, 4],
  w: [0, 0, 17, 17, 21, 21, 10],
  x: [0, 0, 17, 10, 4, 10, 17],
  y: [0, 0, 17, 17, 17, 17, 15, 1, 14],
  z: [0, 0, 31, 2, 4, 8, 31],
  '{': [6, 4, 4, 8, 4, 4, 6],
  '|': [4, 4, 4, 4, 4, 4, 4],
  '}': [12, 4, 4, 2, 4, 4, 12],
  '~': [0, 0, 8, 21, 2, 0, 0],
};

/** What is drawn for a letter that the font doesn't have: a box. */
const unknown: readonly number[] = [31, 17, 17, 17, 17, 17, 31];

/**
 * Writes a text onto a picture, in place; its upper left corner is at (x, y) and a pixel of a letter has `size` pixels.
 * `colour` is a shade of grey. What lies outside the picture is left out.
 */
export function drawText(picture: RgbImage, text: string, x: number, y: number, size = 1, colour = 0): void {
  for (const [index, character] of charactersOf(text).entries()) {
    if (character === ' ') continue;
    const left = x + index * letter.advance * size;
    for (const [row, bits] of (letters[character] ?? unknown).entries()) {
      for (let column = 0; column < letter.width; column += 1) {
        if (((bits >> (letter.width - 1 - column)) & 1) === 0) continue;
        fillRectangle(picture, { x: left + column * size, y: y + row * size, width: size, height: size }, colour);
      }
    }
  }
}

/** Pixels that a text is wide. */
export function textWidth(text: string, size = 1): number {
  return charactersOf(text).length * letter.advance * size;
}

/** What is drawn of a text: its characters without their accents, which the font doesn't have. */
function charactersOf(text: string): readonly string[] {
  return Array.from(text.normalize('NFKD').replaceAll(/\p{Mark}/gu, ''));
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Paints the part of a rectangle that lies inside the picture, in place, in a shade of grey. */
export function fillRectangle({ width, height, data }: RgbImage, area: Rectangle, colour: number): void {
  const [left, right] = [Math.max(0, area.x), Math.min(width, area.x + area.width)];
  if (left >= right) return;
  for (let y = Math.max(0, area.y); y < Math.min(height, area.y + area.height); y += 1) {
    data.fill(colour, (y * width + left) * 3, (y * width + right) * 3);
  }
}
