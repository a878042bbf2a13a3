import type { AnnotatorSource, ConditionMap, Extractor, RgbImage } from '../condition.ts';
import { greyMap, toBytes } from '../grey-map.ts';
import { inspectPhoto } from '../inspect-map.ts';
import { remarks } from '../remarks.ts';
import { hedEdges } from '../softedge/hed.ts';
import { drawingStrokes } from './drawing.ts';
import type { ScribbleOptions } from './options.ts';
import { hedStrokes } from './strokes.ts';
import { xdogStrokes } from './xdog.ts';

/** White strokes on black, at the size of the picture. */
export const scribble = {
  async extract(image: RgbImage, options: ScribbleOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const strokes = await strokesOf(image, options, networks);
    const covered = strokes.reduce((count, value) => count + value / 255, 0) / strokes.length;
    const blank = covered === 0 ? `scribble: no strokes found; ${remedies[options.from]}.` : undefined;
    const onPicture = options.from === 'drawing' ? inspectDrawing(covered) : inspectPhoto('scribble', image);
    return { map: greyMap(strokes, image), ...remarks(onPicture, blank) };
  },
} satisfies Extractor<ScribbleOptions>;

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

async function strokesOf(image: RgbImage, options: ScribbleOptions, networks: AnnotatorSource): Promise<Uint8Array> {
  switch (options.from) {
    case 'hed':
      return hedStrokes(toBytes(await hedEdges(image, options.resolution, networks)), image);
    case 'xdog':
      return xdogStrokes(image, options.contrast);
    case 'drawing':
      return drawingStrokes(image, options.ink_threshold, options.lines).strokes;
  }
}
