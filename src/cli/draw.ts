import type { RgbImage } from '../conditions/condition.ts';
import { findCondition } from '../conditions/registry.ts';
import type { DeviceProcess } from '../device/device-process.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { Progress } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { GenerationRequest } from '../generation/request.ts';
import { resolveGeneration } from '../generation/resolve.ts';
import { encodePicture } from '../images/encode.ts';
import type { ModelLibrary } from '../models/library.ts';
import { makeMap } from '../worker/make-map.ts';
import { parametersText } from '../worker/parameters-text.ts';
import type { PictureFiles } from './picture-files.ts';

export interface DrawingParts {
  readonly library: ModelLibrary;
  readonly device: DeviceProcess;
  readonly extractor: ExtractorProcess;
  readonly files: PictureFiles;
  readonly defaultModel: string;
  readonly randomSeed: () => number;
}

export interface DrawnFiles {
  readonly plan: GenerationPlan;
  readonly warnings: readonly string[];
  /** Encoded pictures in the order of their seeds. */
  readonly pictures: readonly { readonly seed: number; readonly bytes: Uint8Array }[];
  /** maps[i] is what control i was fed with. */
  readonly maps: readonly RgbImage[];
}

/** Draws a request in this command's own children, without records or queue. `files[i]` is the picture of control i. */
export async function draw(
  parts: DrawingParts,
  request: GenerationRequest,
  files: readonly string[],
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<DrawnFiles> {
  const models = await parts.library.list();
  const pictures = await Promise.all(files.map(async (file) => await parts.files.add(file)));
  const { plan, warnings } = resolveGeneration(request, {
    catalog: { models, condition: findCondition },
    defaultModel: parts.defaultModel,
    pictures,
    randomSeed: parts.randomSeed,
  });
  const base = await parts.library.base(plan.model.id);
  const controlNets = await Promise.all(
    plan.controls.map(async ({ model }) => await parts.library.controlNet(model.id)),
  );
  const made = await Promise.all(
    plan.controls.map(
      async (control) => await makeMap({ store: parts.files, extractor: parts.extractor }, control, plan, signal),
    ),
  );
  const maps = made.map(({ map }) => map);
  const drawing = await parts.device.draw(
    { job: 'command', attempt: 1, plan, base, controlNets, hints: maps },
    { signal, onProgress },
  );
  return {
    plan,
    maps,
    warnings: [...warnings, ...made.flatMap((map) => map.warnings), ...drawing.warnings],
    pictures: await Promise.all(
      drawing.images.map(async ({ seed, image }) => ({
        seed,
        bytes: await encodePicture(image, { ...plan.output, text: { parameters: parametersText(plan, seed) } }),
      })),
    ),
  };
}
