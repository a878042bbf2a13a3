import { describe, expect, test } from 'vitest';
import { type Sheet, startSheet } from '../../src/images/contact-sheet.ts';

const limits = { maxPixels: 16_000_000, maxSide: 16_000 };
const picture = { width: 64, height: 64 };
const columnLabels = ['seed=1', 'prompt=a ball and a cube'];
const plan = { columns: 2, rows: 2, picture, columnLabels, rowLabels: [['scale=1'], ['scale=2']], cellLabels: [] };

function grey({ image }: Sheet, x: number, y: number): number {
  return image.data[(y * image.width + x) * 3]!;
}

/** Whether something is written in a part of the sheet. */
function isWritten(sheet: Sheet, left: number, top: number, width: number, height: number): boolean {
  const rows = Array.from({ length: height }, (_, row) => top + row);
  return rows.some((y) => Array.from({ length: width }, (_, x) => grey(sheet, left + x, y)).includes(0));
}

describe('a contact sheet', () => {
  test('has its cells row by row, each picture in its own', () => {
    const sheet = startSheet(plan, limits)!;
    for (const [index, shade] of [50, 100, 150, 200].entries()) {
      sheet.place(index, { ...picture, data: new Uint8Array(64 * 64 * 3).fill(shade) });
    }
    const { width, height } = sheet.image;
    const middle = { left: width - 68 - 32, right: width - 32, top: height - 68 - 32, bottom: height - 32 };
    expect(grey(sheet, middle.left, middle.top)).toBe(50);
    expect(grey(sheet, middle.right, middle.top)).toBe(100);
    expect(grey(sheet, middle.left, middle.bottom)).toBe(150);
    expect(grey(sheet, middle.right, middle.bottom)).toBe(200);
  });

  test('says all of a value above a column, on as many lines as it needs', () => {
    const sheet = startSheet(plan, limits)!;
    const { width } = sheet.image;
    const [first, second] = [width - 2 * 68, width - 68];
    // Of ten letters of room each: "prompt=a", "ball and a", "cube".
    const lines = [4, 14, 24].map((top) => [isWritten(sheet, first, top, 64, 9), isWritten(sheet, second, top, 64, 9)]);
    expect(lines).toEqual([
      [true, true],
      [false, true],
      [false, true],
    ]);
  });
});
