import { catalogOf } from '../../generation/catalog.ts';
import type { DeviceProcess } from '../../device/device-process.ts';
import type { ExtractorProcess } from '../../extractor/extractor-process.ts';
import { givenPictures } from '../../generation/given-pictures.ts';
import type { Progress } from '../../generation/job.ts';
import type { GenerationPlan } from '../../generation/plan.ts';
import type { GenerationRequest } from '../../generation/request/generation.ts';
import { resolveGeneration } from '../../generation/resolve.ts';
import { encodePicture } from '../../images/encode.ts';
import type { AnnotatorLibrary } from '../../models/annotators/annotators.ts';
import type { ModelLibrary } from '../../models/library.ts';
import { untraced } from '../../tracing/tracing.ts';
import { type DrawnPlan, drawPlan } from '../../drawing/draw-plan.ts';
import { keptNowhere } from '../../drawing/checkpoint-port.ts';
import { shownNowhere } from '../../drawing/preview-port.ts';
import { findModels } from '../../drawing/find-models.ts';
import type { ChosenPicture } from '../../drawing/choose-pictures.ts';
import { insideGenerated } from '../../drawing/picture-metadata.ts';
import type { PictureFiles } from '../files/picture-files.ts';

export interface DrawingParts {
  readonly library: ModelLibrary;
  readonly annotators: AnnotatorLibrary;
  readonly device: DeviceProcess;
  readonly extractor: ExtractorProcess;
  readonly files: PictureFiles;
  readonly defaultModel: string;
  readonly randomSeed: () => number;
  readonly embedParameters: boolean;
}

export interface DrawnFiles {
  readonly plan: GenerationPlan;
  readonly warnings: readonly string[];
  /** Encoded pictures in the order of their seeds. */
  readonly pictures: readonly (Omit<ChosenPicture, 'image'> & { readonly bytes: Uint8Array })[];
  readonly controls: DrawnPlan['controls'];
}

/** Draws a request in this command's own children, without records or queue. */
export async function draw(
  parts: DrawingParts,
  request: GenerationRequest,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<DrawnFiles> {
  const models = await parts.library.list();
  const given = await givenPictures(request, {
    check: async (reference) => await parts.files.check(reference),
    look: async (picture, channel, field) => await parts.files.look(picture, channel, field),
  });
  const { plan: resolved, warnings } = resolveGeneration(request, {
    catalog: catalogOf(models),
    defaultModel: parts.defaultModel,
    given: given.controls,
    init: given.init,
    mask: given.mask,
    randomSeed: parts.randomSeed,
    embedParameters: parts.embedParameters,
  });
  await parts.annotators.requireFor(resolved);
  const { plan, warnings: remarks } = await parts.library.settle(resolved, models);
  const drawn = await drawPlan(
    {
      store: parts.files,
      extractor: parts.extractor,
      device: parts.device,
      checkpoints: keptNowhere,
      previews: shownNowhere,
      tracing: untraced,
    },
    plan,
    await findModels(parts.library, plan),
    { job: 'command', attempt: 1 },
    { signal, onProgress },
  );
  return {
    plan,
    controls: drawn.controls,
    warnings: [...warnings, ...remarks, ...drawn.warnings],
    pictures: await Promise.all(
      drawn.pictures.map(async ({ image, ...picture }) => {
        const { format, quality } = plan.output;
        const inside = insideGenerated(plan, picture.seed, picture.variation);
        return { ...picture, bytes: await encodePicture(await drawn.finish(image), { format, quality, ...inside }) };
      }),
    ),
  };
}
