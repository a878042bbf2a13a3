import type { Measure } from '../contract/condition.ts';
import { areas, black } from '../fidelity/measures.ts';
import { ade20k } from './ade20k.ts';
import { bundledNetwork } from './options.ts';
import { voc } from './voc.ts';

const everyClass = ade20k.map(({ colour }) => colour);
/** The classes that the segmentation network of the package finds; everything else of ADE20K it leaves black. */
const seen = [...new Map(voc.flatMap(({ match }) => (match === null ? [] : [[match.name, match.colour]]))).values()];
const unseen = everyClass.filter((colour) => !seen.some((one) => one.join() === colour.join()));

const byBundled = areas(
  seen,
  [black, ...unseen],
  `The requested map holds none of the ${seen.length} classes that the network ${bundledNetwork} finds.`,
);
const byPulled = areas(everyClass, [black], 'The requested map has no area of a class.');

export const segFidelity: Measure = (drawn, requested, options) =>
  (options['network'] === bundledNetwork ? byBundled : byPulled)(drawn, requested, options);
