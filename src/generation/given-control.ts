import type { GivenPicture } from './given-picture.ts';
import type { ControlImage } from './request/control-image.ts';
import { controlPictureList, controlPictures, type ControlRequest } from './request/controls.ts';

/** A control of a request, and what its pictures turned out to be. */
export interface GivenControl {
  /** Its place in the request. */
  readonly index: number;
  readonly request: ControlRequest;
  /** What its image turned out to be, or the first of its images. */
  readonly picture: GivenPicture;
  /** The others of its images; absent of one with an image. */
  readonly further?: readonly GivenPicture[] | undefined;
  /** The same of the other pictures that it names, by their fields. */
  readonly others: ReadonlyMap<(typeof controlPictures)[number], GivenPicture>;
}

/** The controls of a request with their pictures, each by `check`; `field` is the path of a picture in the request. */
export async function givenControls(
  controls: readonly ControlRequest[],
  check: (reference: ControlImage, field: string) => Promise<GivenPicture>,
): Promise<readonly GivenControl[]> {
  return await Promise.all(
    controls.map(async (request, index) => {
      const given = othersOf(request).map(async ({ name, reference }) => {
        return [name, await check(reference, `controls[${index}].${name}`)] as const;
      });
      const shown = imagesOf(request).map(
        async ([name, reference]) => await check(reference, `controls[${index}].${name}`),
      );
      const [[picture, ...further], others] = await Promise.all([Promise.all(shown), Promise.all(given)]);
      return { index, request, picture: picture as GivenPicture, further, others: new Map(others) };
    }),
  );
}

/** The pictures that the controls of a request refer to. */
export function referencesOf(controls: readonly ControlRequest[]): readonly ControlImage[] {
  return controls.flatMap((control) => [
    ...imagesOf(control).map(([, reference]) => reference),
    ...othersOf(control).map(({ reference }) => reference),
  ]);
}

/** Its image, or its images, each with its path in the control. */
function imagesOf({ image, images }: ControlRequest): readonly (readonly [path: string, reference: ControlImage])[] {
  if (images === undefined) return [['image', image]];
  return images.map((reference, index) => [`${controlPictureList}[${index}]`, reference]);
}

/** The pictures that a control names beside its image, and the fields in which it does. */
function othersOf(control: ControlRequest) {
  return controlPictures.flatMap((name) => {
    const reference = name === 'image' ? undefined : control[name];
    return reference === undefined ? [] : [{ name, reference }];
  });
}
