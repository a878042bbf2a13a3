import { describe, expect, test } from 'vitest';
import { type Sheet, startSheet } from '../../src/images/contact-sheet.ts';
import { drawnText } from '../../src/images/text.ts';

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
  return rows.some((y) =>
    Array.from({ length: width }, (_, x) => grey(sheet, left + x, y)).some((shade) => shade < 160),
  );
}

describe('a contact sheet', () => {
  test('has its cells row by row, each picture in its own', async () => {
    const sheet = (await startSheet(plan, limits))!;
    for (const [index, shade] of [50, 100, 150, 200].entries()) {
      await sheet.place(index, { ...picture, data: new Uint8Array(64 * 64 * 3).fill(shade) });
    }
    const { width, height } = sheet.image;
    const middle = { left: width - 68 - 32, right: width - 32, top: height - 68 - 32, bottom: height - 32 };
    expect(grey(sheet, middle.left, middle.top)).toBe(50);
    expect(grey(sheet, middle.right, middle.top)).toBe(100);
    expect(grey(sheet, middle.left, middle.bottom)).toBe(150);
    expect(grey(sheet, middle.right, middle.bottom)).toBe(200);
  });

  test('says all of a value above a column, on as many lines as it needs', async () => {
    const sheet = (await startSheet(plan, limits))!;
    const { width } = sheet.image;
    const [first, second] = [width - 2 * 68, width - 68];
    const lines = [4, 16, 27].map((top) => [isWritten(sheet, first, top, 64, 9), isWritten(sheet, second, top, 64, 9)]);
    expect(lines).toEqual([
      [true, true],
      [false, true],
      [false, true],
    ]);
  });

  test('says values in other letters than Latin, and letters that markup would take for its own', async () => {
    const values = ['Красный куб', 'κύβος', 'ÀÉñ', 'a < b & <i>c</i>', 'line\u0000 end'];
    const inked = async (text: string): Promise<number> =>
      (await drawnText(text, 12)).data.filter((value) => value > 0).length;
    const amounts = await Promise.all(values.map(inked));
    for (const amount of amounts) expect(amount).toBeGreaterThan(50);
    // Each is drawn as itself, not as the same box.
    expect(new Set(amounts).size).toBe(values.length);
    const box = await drawnText('\u{10FFFD}', 12);
    const [zhe, de] = await Promise.all([drawnText('ж', 12), drawnText('д', 12)]);
    expect(zhe.data).not.toEqual(de.data);
    expect(zhe.width).not.toBe(box.width);
    expect(await drawnText('  ', 12)).toMatchObject({ width: 0, height: 0 });
  });

  test.each([
    ['a line that is too long for any picture', `prompt=${'立方体'.repeat(1300)}`, undefined],
    ['lines that are too many for one', 'W'.repeat(4000), 16],
    ['capitals without a width', 'W'.repeat(4000), undefined],
  ])('cuts %s', async (_name, text, width) => {
    const drawn = await drawnText(text, 15, width);
    expect(drawn.width).toBeGreaterThan(0);
    expect(Math.max(drawn.width, drawn.height)).toBeLessThan(32_768);
  });

  test.each(['\u200B', '\u200D\u200D', '\u200E', '\u00AD\u00AD', '\u{E0020}'])(
    'leaves out what nobody sees (%j)',
    async (text) => {
      expect(await drawnText(text, 12)).toMatchObject({ width: 0, height: 0 });
    },
  );

  test('is none where it would be too long, whatever is written on it', async () => {
    const rowLabels = Array.from({ length: 20_000 }, (_, row) => [`seed=${row}`]);
    expect(await startSheet({ ...plan, rows: 20_000, rowLabels }, limits)).toBeNull();
  });
});
