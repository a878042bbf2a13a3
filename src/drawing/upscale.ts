import type { EnlargeOptions } from '../device/device-process.ts';
import type { AttemptKey, EnlargeRequest } from '../device/protocol.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { UpscalePlan } from '../generation/kinds/upscale/plan.ts';
import { roundsOf } from '../generation/network-rounds.ts';
import { findUpscaler, type UpscalerModel } from '../generation/models/upscaler.ts';
import type { Progress } from '../generation/job.ts';
import type { PlannedUpscaler } from '../generation/plan.ts';
import { decodeHere, type PictureDecoder } from '../images/decoder/decoder.ts';
import type { WholePicture } from '../images/read-whole.ts';
import type { TenantModels } from '../models/library.ts';
import type { Size } from '../numeric/size.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import { defaultUpscaler } from '../pixels/upscalers/registry.ts';
import type { ObjectStore } from '../store/store.ts';
import { unchanged } from './find-models.ts';

/** What upscaling by a kernel needs. */
export interface UpscaleParts {
  readonly extractor: ExtractorProcess;
}

/** What is asked of the device process: to make a picture larger by a network, once. */
export interface UpscalingDevice {
  enlarge(request: EnlargeRequest, options: EnlargeOptions & { readonly signal: AbortSignal }): Promise<AlphaImage>;
}

/** The picture of an upscale with all that its output can hold of it. */
export async function readWhole(
  { store, decoder = decodeHere }: { readonly store: Pick<ObjectStore, 'get'>; readonly decoder?: PictureDecoder },
  { image, output }: UpscalePlan,
): Promise<WholePicture> {
  return await decoder.whole(await store.get(image.key), { opaque: output.format === 'jpeg' });
}

/** A picture at another size by an upscaler. @throws the reason of `signal` where that aborts, and what the extractor throws */
export async function upscale(
  { extractor }: UpscaleParts,
  { id }: PlannedUpscaler,
  picture: AlphaImage,
  size: Size,
  signal: AbortSignal,
): Promise<AlphaImage> {
  return await extractor.enlarge(id, picture, size, signal);
}

/** The network of an upscaler; null where that is a kernel. `model_invalid` where it is not the one any more that was asked for. */
export async function findNetwork(
  library: Pick<TenantModels, 'find'>,
  { model }: PlannedUpscaler,
): Promise<UpscalerModel | null> {
  return model === null ? null : await unchanged(library, findUpscaler, model);
}

/**
 * A picture at another size by a network, which is asked as often as it takes to reach that size; a kernel brings what it made to the size
 * itself. Rejects as {@link upscale} and the device do.
 */
export async function upscaleByNetwork(
  { extractor, device }: UpscaleParts & { readonly device: UpscalingDevice },
  model: UpscalerModel,
  picture: AlphaImage,
  size: Size,
  attempt: AttemptKey,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<AlphaImage> {
  const rounds = roundsOf(model.scale, picture, size);
  // Each round has scale^2 times the pixels of that before it.
  const works = rounds.map(({ width, height }) => width * height);
  const all = works.reduce((sum, work) => sum + work, 0);
  let larger = picture;
  let done = 0;
  for (const work of works) {
    const before = done;
    const onTile = ({ step, steps }: { readonly step: number; readonly steps: number }): void =>
      onProgress({ step, steps, share: (before + (work * step) / steps) / all });
    larger = await device.enlarge({ ...attempt, model, image: larger }, { signal, onTile });
    done += work;
  }
  return await upscale({ extractor }, { id: defaultUpscaler, model: null }, larger, size, signal);
}
