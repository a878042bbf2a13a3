import type { Colour, MaskedImage } from '../../pixels/rgb-image.ts';
import { jointColours, limbColours } from './draw-body.ts';

/** The joint and the limb of the other side for each of them; one in the middle is its own. */
const otherJoints = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16];
const otherLimbs = [1, 0, 4, 5, 2, 3, 9, 10, 11, 6, 7, 8, 12, 15, 16, 13, 14];

/**
 * How far a colour may lie from that of a joint or a limb in each channel. Those of hands lie between those of joints, so in maps of few
 * colours, which no lossy format has been at, it has to be that very one.
 */
const reach = { exact: 1, lossy: 40 } as const;

/** After a pose is mirrored its left arm has the colours of a right one: they change places, joints and limbs of each side. */
export function swapPoseSides(map: MaskedImage): MaskedImage {
  const known = [...swapsOf(jointColours, otherJoints), ...swapsOf(limbColours, otherLimbs)];
  const colours = coloursOf(map.data);
  const within = colours.size > 199 ? reach.lossy : reach.exact;
  const swapped = new Map<number, Colour>();
  for (const colour of colours) {
    const swap = nearest(known, colour, within);
    if (swap !== undefined) swapped.set(colour, shifted(swap, colour));
  }
  const data = Uint8Array.from(map.data);
  for (let at = 0; at < data.length; at += 3) {
    const to = swapped.get(codeAt(data, at));
    if (to !== undefined) data.set(to, at);
  }
  return { ...map, data };
}

interface Swap {
  readonly from: Colour;
  readonly to: Colour;
}

function swapsOf(colours: readonly Colour[], others: readonly number[]): readonly Swap[] {
  return colours.map((from, at) => ({ from, to: colours[others[at]!]! }));
}

function coloursOf(data: Uint8Array): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = 0; at < data.length; at += 3) found.add(codeAt(data, at));
  return found;
}

function codeAt(data: Uint8Array, at: number): number {
  return (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
}

function channels(code: number): Colour {
  return [code >> 16, (code >> 8) & 0xff, code & 0xff];
}

function nearest(known: readonly Swap[], code: number, within: number): Swap | undefined {
  const colour = channels(code);
  let best: Swap | undefined;
  let least = within + 1;
  for (const swap of known) {
    const distance = Math.max(...swap.from.map((value, channel) => Math.abs(value - colour[channel]!)));
    if (distance >= least) continue;
    least = distance;
    best = swap;
  }
  return best;
}

/** The other side's colour, as far from it as the colour was from its own. */
function shifted({ from, to }: Swap, code: number): Colour {
  const colour = channels(code);
  const channel = (at: 0 | 1 | 2): number => Math.min(255, Math.max(0, to[at] + colour[at] - from[at]));
  return [channel(0), channel(1), channel(2)];
}
