import type { RgbImage } from '../conditions/condition.ts';
import type { Size } from './geometry.ts';
import { drawText, fillRectangle, letter, textWidth } from './pixel-font.ts';
import { paste } from './thumbnail.ts';

/** What a sheet shows: cells row by row, and what is written above, beside and below them. */
export interface SheetPlan {
  readonly columns: number;
  readonly rows: number;
  /** Pixels of the largest picture. */
  readonly picture: Size;
  /** Above the columns: one text each, on as many lines as it needs; none where it is empty. */
  readonly columnLabels: readonly string[];
  /** Beside the rows: the lines of each; none where it is empty. */
  readonly rowLabels: readonly (readonly string[])[];
  /** Below each cell, unless the cells are too small for it. */
  readonly cellLabels: readonly string[];
}

export interface SheetLimits {
  /** Pixels of all cells together. */
  readonly maxPixels: number;
  /** Longest side of the sheet. */
  readonly maxSide: number;
}

/** Longest side of a cell, at most and at least. */
const cellSide = { max: 256, min: 16 } as const;
const gap = 4;
const white = 255;
const empty = 232;

/** A sheet in the making. */
export interface Sheet {
  readonly image: RgbImage;
  /** Size that the picture of a cell has to fit into. */
  readonly cell: Size;
  /** Puts a picture into the middle of a cell, or a word where there is none. */
  place(index: number, content: RgbImage | string): void;
}

/** An empty sheet with its labels, or null where it would be longer than the limits allow. */
export function startSheet(plan: SheetPlan, limits: SheetLimits): Sheet | null {
  const cell = cellSize(plan, limits.maxPixels);
  const size = Math.max(cell.width, cell.height) >= 128 ? 2 : 1;
  const line = letter.line * size;
  const columnLabels = plan.columnLabels.map((text) => wrapped(text, cell.width, size));
  const top = gap + line * Math.max(0, ...columnLabels.map(({ length }) => length));
  const left = gap + Math.max(0, ...plan.rowLabels.flat().map((text) => textWidth(text, size) + gap));
  const below = plan.cellLabels.length === 0 || cell.width < textWidth('00000') ? 0 : letter.line;
  const step = { x: cell.width + gap, y: cell.height + below + gap };
  const width = left + plan.columns * step.x;
  const height = top + plan.rows * step.y;
  if (Math.max(width, height) > limits.maxSide) return null;
  const image = { width, height, data: new Uint8Array(width * height * 3).fill(white) };
  const corner = (column: number, row: number) => ({ x: left + column * step.x, y: top + row * step.y });

  for (const [column, lines] of columnLabels.entries()) {
    for (const [number, text] of lines.entries()) drawText(image, text, corner(column, 0).x, gap + number * line, size);
  }
  for (const [row, lines] of plan.rowLabels.entries()) {
    for (const [number, text] of lines.entries()) {
      if ((number + 1) * line <= step.y) drawText(image, text, gap, corner(0, row).y + number * line, size);
    }
  }
  return {
    image,
    cell,
    place(index, content) {
      const { x, y } = corner(index % plan.columns, Math.floor(index / plan.columns));
      const label = plan.cellLabels[index];
      if (below > 0 && label !== undefined) drawText(image, fitted(label, cell.width, 1), x, y + cell.height + 2);
      if (typeof content === 'string') {
        fillRectangle(image, { x, y, ...cell }, empty);
        drawText(image, fitted(content, cell.width - gap, size), x + gap, y + gap, size, 96);
        return;
      }
      const inset = (outer: number, inner: number): number => Math.floor((outer - inner) / 2);
      paste(image, content, x + inset(cell.width, content.width), y + inset(cell.height, content.height));
    },
  };
}

/** As large as all cells fit into the limit with, in the shape of the pictures. */
function cellSize({ columns, rows, picture }: SheetPlan, maxPixels: number): Size {
  const longest = Math.max(picture.width, picture.height);
  const shape = (picture.width * picture.height) / longest ** 2;
  const allowed = Math.floor(Math.sqrt(maxPixels / (columns * rows * shape)));
  const side = Math.max(cellSide.min, Math.min(cellSide.max, longest, allowed));
  const scaled = (length: number): number => Math.max(1, Math.round((side * length) / longest));
  return { width: scaled(picture.width), height: scaled(picture.height) };
}

/** As much of a text as has room. */
function fitted(text: string, width: number, size: number): string {
  return text.slice(0, lettersOf(width, size));
}

/** A text in lines that have room, broken between words where that is possible. */
function wrapped(text: string, width: number, size: number): readonly string[] {
  const most = lettersOf(width, size);
  return text.match(new RegExp(`.{1,${most}}(?:\\s|$)|.{1,${most}}`, 'gsu')) ?? [];
}

function lettersOf(width: number, size: number): number {
  return Math.max(1, Math.floor(width / (letter.advance * size)));
}
