import { linspace } from '../../numeric/linspace.ts';
import type { PublishedFor, TrainedLevels } from './schedule.ts';

/** The lists of ten steps that were published with "Align Your Steps" (Sabour et al. 2024), as ComfyUI has them. */
const published: Readonly<Record<PublishedFor, readonly number[]>> = {
  sd15: [
    14.6146412293, 6.4745760956, 3.8636745985, 2.694615152, 1.8841921177, 1.3943805092, 0.9642583904, 0.6523686016,
    0.3977456272, 0.1515232662, 0.0291671582,
  ],
  sdxl: [
    14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289, 0.3798540708,
    0.2332364134, 0.1114188177, 0.0291671582,
  ],
};

/** The same as A1111 has them. */
const publishedA1111: Readonly<Record<PublishedFor, readonly number[]>> = {
  sd15: [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
  sdxl: [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113, 0.029],
};

/** One number more than there are steps, of which no noise takes the last one's place. */
export function alignYourSteps({ publishedFor }: TrainedLevels, steps: number): number[] {
  return [...stretched(published[publishedFor], steps + 1).slice(0, -1), 0];
}

/** As many numbers as there are steps, then no noise. */
export function alignYourStepsA1111({ publishedFor }: TrainedLevels, steps: number): number[] {
  return [...stretched(publishedA1111[publishedFor], steps), 0];
}

/** A list with another count: straight in log sigma over the place in it. */
function stretched(list: readonly number[], count: number): number[] {
  return linspace(0, list.length - 1, count).map((place) => {
    const low = Math.min(Math.floor(place), list.length - 2);
    const [from, to] = [Math.log(list[low] ?? 1), Math.log(list[low + 1] ?? 1)];
    return Math.exp(from + (to - from) * (place - low));
  });
}
