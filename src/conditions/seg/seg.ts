import { ArmatureError } from '../../errors.ts';
import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { segPhoto } from './checks.ts';
import { pulledLabels } from './network-labels.ts';
import { remarks } from '../contract/remarks.ts';
import { deepLabLabels } from './deeplab.ts';
import { adeLabels, type LegendEntry, legendOf, noLabel, paintLabels, percent, vocLabels } from './legend.ts';
import { bundledNetwork, type LabelOptions, type PhotoOptions, type SegOptions } from './options.ts';
import { readLabels } from './read-labels.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Areas in the colours of ADE20K, at the size of the picture. `data.legend` lists the classes that were found. */
export const seg = {
  async extract(image: RgbImage, options: SegOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    if (options.from === 'labels') return paintLabelMap(image, options);
    return options.network === bundledNetwork
      ? await segmentPhoto(image, networks)
      : await segmentByPulled(image, options, networks);
  },
} satisfies Extractor<SegOptions>;

async function segmentPhoto(image: RgbImage, networks: AnnotatorSource): Promise<ConditionMap> {
  const labels = await deepLabLabels(image, networks);
  const legend = legendOf(labels, vocLabels);
  const seen = legend.reduce((sum, { ade20k, share }) => sum + (ade20k === null ? 0 : share), 0);
  const blank =
    seen < speck
      ? `seg: no objects found: ${blindness}. Send a finished map with "preprocess": false, or another picture.`
      : undefined;
  const onPicture = [...inspectPhoto(segPhoto, image), ...(blank === undefined ? unseen(legend) : [])];
  return { map: paintLabels(labels, image, vocLabels), ...remarks(onPicture, blank), data: { legend } };
}

async function segmentByPulled(
  image: RgbImage,
  { network }: PhotoOptions,
  networks: AnnotatorSource,
): Promise<ConditionMap> {
  const { labels, classes } = await pulledLabels(image, network, networks);
  const legend = legendOf(labels, classes);
  const black = legend.filter(({ ade20k }) => ade20k === null);
  const share = black.reduce((sum, entry) => sum + entry.share, 0);
  const names = black.slice(0, 5).map(({ name }) => name);
  const unnamed =
    share < speck ? [] : [`seg: ${percent(share)} of the picture is black: ADE20K has no ${names.join(', ')}.`];
  const blank =
    1 - share < speck ? `seg: nothing was found that ADE20K has a class for, by the network ${network}.` : undefined;
  const onPicture = [...inspectPhoto(segPhoto, image), ...(blank === undefined ? unnamed : [])];
  return { map: paintLabels(labels, image, classes), ...remarks(onPicture, blank), data: { legend } };
}

const blindness =
  'the network knows 20 kinds of objects (people, animals, vehicles, furniture), not walls, floors, sky, buildings or trees';

/** A smaller share of the picture is no object. */
const speck = 0.001;

/** Share of the picture without a class from which that is worth a remark. */
const mostly = 0.5;

function unseen(legend: readonly LegendEntry[]): readonly string[] {
  const nameless = legend
    .filter((entry) => entry.ade20k === null && entry.name !== 'background')
    .map(({ name }) => `seg: ${name} has no class in ADE20K and is drawn black.`);
  const background = legend.find(({ name }) => name === 'background')?.share ?? 0;
  if (background <= mostly) return nameless;
  return [...nameless, `seg: ${percent(background)} of the picture is of no class and black: ${blindness}.`];
}

function paintLabelMap(image: RgbImage, options: LabelOptions): ConditionMap {
  const classes = options.label_set === 'voc' ? vocLabels : adeLabels;
  const labels = readLabels(image, options, classes.length);
  const legend = legendOf(labels, classes);
  if (legend.length === 0) {
    const last = classes.length - 1 + options.first_label;
    throw new ArmatureError(
      'invalid_image',
      `Expected a picture of class numbers (grey values ${options.first_label} to ${last}) but none of its pixels is one. For a photograph leave "from" out.`,
      { field: 'image' },
    );
  }
  const unknown = labels.reduce((count, label) => count + (label === noLabel ? 1 : 0), 0) / labels.length;
  const warnings = unknown > 0 ? [`seg: ${percent(unknown)} of the picture stands for no class and is black.`] : [];
  return { map: paintLabels(labels, image, classes), warnings, data: { legend } };
}
