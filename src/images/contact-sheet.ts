import type { RgbImage } from '../pixels/rgb-image.ts';
import type { Size } from '../numeric/size.ts';
import { type DrawnText, drawnText, putText, textSizes } from './text.ts';
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
  place(index: number, content: RgbImage | string): Promise<void>;
}

/** An empty sheet with its labels, or null where it would be longer than the limits allow. */
export async function startSheet(plan: SheetPlan, limits: SheetLimits): Promise<Sheet | null> {
  const cell = cellSize(plan, limits.maxPixels);
  // Before anything is drawn: labels of thousands of rows would be drawn for nothing.
  const least = { width: plan.columns * (cell.width + gap), height: plan.rows * (cell.height + gap) };
  if (Math.max(least.width, least.height) > limits.maxSide) return null;
  const size = Math.max(cell.width, cell.height) >= 128 ? textSizes.large : textSizes.small;
  const draw = drawnOnce();
  const columnLabels = await Promise.all(plan.columnLabels.map((text) => draw(text, size, cell.width)));
  const rowLabels = await Promise.all(
    plan.rowLabels.map((lines) => Promise.all(lines.map((text) => draw(text, size)))),
  );
  const number = await draw('00000', textSizes.small);
  const top = gap + Math.max(0, ...columnLabels.map(({ height }) => height + gap));
  const left = gap + Math.max(0, ...rowLabels.flat().map(({ width }) => width + gap));
  const below = plan.cellLabels.length === 0 || cell.width < number.width ? 0 : number.height + gap;
  const step = { x: cell.width + gap, y: cell.height + below + gap };
  const width = left + plan.columns * step.x;
  const height = top + plan.rows * step.y;
  if (Math.max(width, height) > limits.maxSide) return null;
  const image = { width, height, data: new Uint8Array(width * height * 3).fill(white) };
  const corner = (column: number, row: number) => ({ x: left + column * step.x, y: top + row * step.y });

  for (const [column, text] of columnLabels.entries()) putText(image, text, corner(column, 0).x, gap);
  for (const [row, lines] of rowLabels.entries()) {
    let y = corner(0, row).y;
    const end = y + step.y;
    for (const text of lines) {
      if (y + text.height <= end) putText(image, text, gap, y);
      y += text.height + gap;
    }
  }
  return {
    image,
    cell,
    async place(index, content) {
      const { x, y } = corner(index % plan.columns, Math.floor(index / plan.columns));
      const label = plan.cellLabels[index];
      if (below > 0 && label !== undefined) {
        const text = await drawnText(label, textSizes.small);
        putText(image, text, x, y + cell.height + 2, { maxWidth: cell.width });
      }
      if (typeof content === 'string') {
        fillRectangle(image, { x, y, ...cell }, empty);
        putText(image, await draw(content, size), x + gap, y + gap, { colour: 96, maxWidth: cell.width - gap });
        return;
      }
      const inset = (outer: number, inner: number): number => Math.floor((outer - inner) / 2);
      paste(image, content, x + inset(cell.width, content.width), y + inset(cell.height, content.height));
    },
  };
}

/** Values come again and again, in rows and columns. */
function drawnOnce(): typeof drawnText {
  const drawn = new Map<string, Promise<DrawnText>>();
  return async (text, size, width) => {
    const key = JSON.stringify([text, size, width]);
    const known = drawn.get(key) ?? drawnText(text, size, width);
    drawn.set(key, known);
    return await known;
  };
}

/** Paints a rectangle in a shade of grey; all of it lies inside the picture. */
function fillRectangle({ width, data }: RgbImage, area: { x: number; y: number } & Size, colour: number): void {
  for (let y = area.y; y < area.y + area.height; y += 1) {
    data.fill(colour, (y * width + area.x) * 3, (y * width + area.x + area.width) * 3);
  }
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
