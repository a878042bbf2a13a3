import { z } from 'zod';

import type { ConditionMap } from '../contract/condition.ts';
import type { CanvasPlacement } from '../contract/canvas-placement.ts';
import { nearestName } from '../../text/nearest-name.ts';
import { ade20k } from './ade20k.ts';
import { fillPolygon } from './fill-polygon.ts';
import { adeLabels, legendOf, noLabel, paintLabels, percent } from './legend.ts';
import type { Size } from '../../numeric/size.ts';

const classNames = ade20k.map(({ name }) => name);

const className = z
  .enum(classNames, {
    error: ({ input }) => {
      const nearest = typeof input === 'string' ? nearestName(input, classNames) : undefined;
      return `expected the name of an ADE20K class${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    },
  })
  .describe('Name of an ADE20K class, such as person, wall, sky.')
  .meta({ id: 'SceneClass' });

const coordinate = z.number().min(0).max(1);
const canvasSide = z.number().int().min(1).max(16_384);

/** Of all regions together: bounds the time that filling takes. */
const mostCorners = 20_000;

const regionSchema = z
  .strictObject({
    class: className,
    polygon: z
      .array(z.tuple([coordinate, coordinate]))
      .min(3)
      .max(1000)
      .describe(
        'Corners [x, y], each 0 (left, top) to 1 (right, bottom). Crossing outlines fill by the even-odd rule.',
      ),
  })
  .describe('An area and its class')
  .meta({ id: 'LayoutRegion' });

/** A layout as data: areas by their outlines; later ones lie on top. */
export const layoutSchema = z
  .strictObject({
    regions: z
      .array(regionSchema)
      .min(1)
      .max(500)
      .refine((regions) => regions.reduce((sum, { polygon }) => sum + polygon.length, 0) <= mostCorners, {
        error: `expected at most ${mostCorners} corners in all regions together`,
      }),
    background: className.optional().describe('Class of what no region covers; black without it.'),
    canvas_width: canvasSide
      .optional()
      .describe(
        'With canvas_height the size of the picture that the layout belongs to; without, it is stretched to the output.',
      ),
    canvas_height: canvasSide.optional(),
  })
  .describe('Areas by their outlines; later ones lie on top')
  .meta({ id: 'Layout' });

/** Whether a region, of whatever came, has a corner that is none: a quick look, before the schema says what is wrong. */
export function hasWrongCorner(region: unknown): boolean {
  const polygon = typeof region === 'object' && region !== null && 'polygon' in region ? region.polygon : null;
  return !Array.isArray(polygon) || polygon.some((corner) => !isCorner(corner));
}

function isCorner(corner: unknown): boolean {
  const isShare = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;
  return Array.isArray(corner) && corner.length === 2 && corner.every(isShare);
}

export type Layout = z.output<typeof layoutSchema>;
export type Region = Layout['regions'][number];

/** The size of the picture that a layout belongs to; null where it does not say. */
export function layoutCanvas({ canvas_width: width, canvas_height: height }: Layout): Size | null {
  return width === undefined || height === undefined ? null : { width, height };
}

/** The layout with its canvas brought into a frame: in shares of that frame, beyond 0 and 1 where it is cut. */
export function placeLayout(layout: Layout, canvas: Size, { scale, shift, size }: CanvasPlacement): Layout {
  const regions = layout.regions.map((region) => ({
    ...region,
    polygon: region.polygon.map(([x, y]): [number, number] => [
      (x * canvas.width * scale.x + shift.x) / size.width,
      (y * canvas.height * scale.y + shift.y) / size.height,
    ]),
  }));
  return { ...layout, regions, canvas_width: size.width, canvas_height: size.height };
}

/**
 * The segmentation map of a layout, in the colours of ADE20K. A pixel belongs to a region where its centre lies inside; the
 * last such region counts. `data.legend` as for a photograph.
 *
 * @param background class of the pixels that no region covers; black without it.
 */
export function renderLayout(
  width: number,
  height: number,
  regions: readonly Region[],
  background?: string,
): ConditionMap {
  const size = { width, height };
  const labels = new Uint8Array(width * height).fill(background === undefined ? noLabel : labelOf(background));
  const warnings: string[] = [];
  for (const [index, region] of regions.entries()) {
    const corners = region.polygon.map(([x, y]) => [x * width, y * height] as const);
    const covered = fillPolygon(labels, size, corners, labelOf(region.class));
    if (covered === 0) warnings.push(`seg: regions[${index}] (${region.class}) covers no pixel.`);
  }
  const bare = labels.reduce((count, label) => count + (label === noLabel ? 1 : 0), 0) / labels.length;
  if (bare > 0) warnings.push(`seg: ${percent(bare)} of the layout has no class and is black; set background.`);
  return {
    map: paintLabels(labels, size, adeLabels),
    warnings,
    data: { legend: legendOf(labels, adeLabels) },
  };
}

function labelOf(name: string): number {
  return classNames.indexOf(name);
}
