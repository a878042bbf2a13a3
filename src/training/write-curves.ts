import { join } from 'node:path';
import { writeAnew } from '../files/atomic-write.ts';
import { encodePicture } from '../images/encode.ts';
import type { ValidationFigures } from '../generation/validation-figures.ts';
import { drawCurves } from './curves.ts';
import type { TrainingFolder } from './training-folder.ts';

/** Draws the losses of a training and what it showed so far into its folder, as `curves.png`. */
export async function writeCurves(
  folder: TrainingFolder,
  steps: number,
  figures: readonly ValidationFigures[],
): Promise<void> {
  const picture = await drawCurves(await folder.losses(), figures, steps);
  await writeAnew(join(folder.path, 'curves.png'), await encodePicture(picture, { format: 'png', quality: 100 }));
}
