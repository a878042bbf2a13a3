import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { greyMap, toBytes } from '../../pixels/grey-map.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { scribblePhoto } from './checks.ts';
import { remarks } from '../contract/remarks.ts';
import { hedEdges } from '../softedge/hed.ts';
import { drawingStrokes } from './drawing.ts';
import type { ScribbleOptions } from './options.ts';
import { hedStrokes } from './strokes.ts';
import { xdogStrokes } from './xdog.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** White strokes on black, at the size of the picture. */
export const scribble = {
  async extract(image: RgbImage, options: ScribbleOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    if (options.from === 'drawing') return fromDrawing(image, options);
    const strokes =
      options.from === 'hed'
        ? hedStrokes(toBytes(await hedEdges(image, options.resolution, networks)), image)
        : xdogStrokes(image, options.contrast);
    const blank = strokes.includes(255) ? undefined : noStrokes(options);
    return { map: greyMap(strokes, image), ...remarks(inspectPhoto(scribblePhoto, image), blank) };
  },
} satisfies Extractor<ScribbleOptions>;

function fromDrawing(image: RgbImage, options: Extract<ScribbleOptions, { from: 'drawing' }>): ConditionMap {
  const { map, covered } = drawingStrokes(image, options.ink_threshold, options.lines);
  return { map, ...remarks(inspectDrawing(covered), covered === 0 ? noStrokes(options) : undefined) };
}

/** Share of a line drawing that is ink, at most. */
const tooMuchInk = 0.35;

function inspectDrawing(covered: number): readonly string[] {
  if (covered <= tooMuchInk) return [];
  return [
    `scribble: strokes cover ${Math.round(covered * 100)} % of the picture, which is no line drawing; set ink_threshold, or "from": "hed" for a photograph.`,
  ];
}

const remedies: Readonly<Record<ScribbleOptions['from'], string>> = {
  hed: 'send a picture with more contrast',
  xdog: 'lower contrast, or send a picture with more contrast',
  drawing: 'set ink_threshold between the grey levels of paper and ink',
};

function noStrokes({ from }: ScribbleOptions): string {
  return `scribble: no strokes found; ${remedies[from]}.`;
}
