import type { GivenPicture } from './given-picture.ts';
import type { ControlImage, ControlRequest } from './request.ts';

/** A control of a request, and what its pictures turned out to be. */
export interface GivenControl {
  /** Its place in the request. */
  readonly index: number;
  readonly request: ControlRequest;
  readonly picture: GivenPicture;
  /** White where the control acts; null where it acts everywhere. */
  readonly region: GivenPicture | null;
}

/** The controls of a request with their pictures, each by `check`; `field` is the path of a picture in the request. */
export async function givenControls(
  controls: readonly ControlRequest[],
  check: (reference: ControlImage, field: string) => Promise<GivenPicture>,
): Promise<readonly GivenControl[]> {
  return await Promise.all(
    controls.map(async (request, index) => {
      const { image, mask } = request;
      const [picture, region] = await Promise.all([
        check(image, `controls[${index}].image`),
        mask === undefined ? null : check(mask, `controls[${index}].mask`),
      ]);
      return { index, request, picture, region };
    }),
  );
}

/** What the controls of a request refer to: their pictures and the masks of where they act. */
export function referencesOf(controls: readonly ControlRequest[]): readonly ControlImage[] {
  return controls.flatMap(({ image, mask }) => (mask === undefined ? [image] : [image, mask]));
}
