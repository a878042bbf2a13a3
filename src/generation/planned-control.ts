import type { ResizeMode } from '../pixels/resize-mode.ts';
import type { ModelReference, StoredPicture } from './plan-references.ts';
import type { ControlMode, ControlPasses } from './request/choices.ts';

export interface PlannedControl {
  /** Condition id, such as `canny`. */
  readonly type: string;
  readonly model: ModelReference;
  readonly source: ControlSource;
  readonly resize: ResizeMode;
  /** White where the control acts, black where it does not; absent where it acts everywhere. */
  readonly region?: StoredPicture | undefined;
  readonly scale: number;
  /** The control acts while start <= i/steps and (i+1)/steps <= end. */
  readonly start: number;
  readonly end: number;
  /** Steps of a pass from one at which its network runs to the next; absent: it runs at all of them. */
  readonly every?: number | undefined;
  readonly mode: ControlMode;
  /** In which passes it acts; absent: in all of them. */
  readonly passes?: ControlPasses | undefined;
}

/** What the map of a control is made from. */
export type ControlSource = MapMaking | PicturesSource;

/** Of those that have a map. */
export type MapMaking = PhotoSource | MapSource | StructureSource;

/** A picture, and beside it what of it is to be drawn anew. */
export interface SourcePicture {
  readonly image: StoredPicture;
  /** White where the picture is to be drawn anew; absent where none came beside it. */
  readonly mask?: StoredPicture | undefined;
}

/** A picture that the map is extracted from. */
export interface PhotoSource extends SourcePicture {
  readonly kind: 'photo';
  /** Options of the extractor. */
  readonly preprocess: Readonly<Record<string, unknown>>;
  /** Short side, in pixels, at which the extractor sees the picture; null for the size of the generation. */
  readonly resolution: number | null;
}

/** A picture that is the map already. */
export interface MapSource extends SourcePicture {
  readonly kind: 'map';
  /** JSON of what is known of a map that came from an earlier job, such as keypoints; null where there is none. */
  readonly data: StoredPicture | null;
  /**
   * Of a map that an earlier job extracted for this condition: with which options. Null elsewhere. What is drawn is measured with
   * them.
   */
  readonly madeWith: Readonly<Record<string, unknown>> | null;
}

/** Data that the map is drawn from. */
export interface StructureSource {
  readonly kind: 'structure';
  readonly structure: string;
  /** Where it is kept, as JSON. */
  readonly json: StoredPicture;
}

/** Pictures that are attended to beside the prompt, of an image prompt. */
export interface PicturesSource {
  readonly kind: 'pictures';
  readonly images: readonly StoredPicture[];
  /** What they are seen with. */
  readonly encoder: ModelReference;
}

/** With which options the map of a control is, or was, extracted; null where that is not known, or it was not. */
export function extractedWith(source: ControlSource): Readonly<Record<string, unknown>> | null {
  if (source.kind === 'photo') return source.preprocess;
  return source.kind === 'map' ? source.madeWith : null;
}

/** What the user sent: a picture, the first of several or, of structure as data, JSON. */
export function sentAs(source: ControlSource): StoredPicture {
  if (source.kind === 'pictures') return source.images[0] as StoredPicture;
  return source.kind === 'structure' ? source.json : source.image;
}
