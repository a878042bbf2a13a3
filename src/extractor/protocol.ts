import type { ConditionMap, RequestedMap } from '../conditions/contract/condition.ts';
import type { Fidelity } from '../conditions/contract/fidelity.ts';
import type { SerializedError } from '../errors.ts';
import type { Size } from '../numeric/size.ts';
import type { ResizeMode } from '../pixels/resize-mode.ts';
import type { AlphaImage } from '../pixels/alpha-image.ts';
import type { MaskedImage } from '../pixels/rgb-image.ts';

/** Sizes at which a picture is extracted from, where they are not the picture's own. */
export interface ExtractionSizes {
  /** At which the extractor sees the picture, and how that is brought to it; absent: the picture's own. */
  readonly seen?: { readonly size: Size; readonly resize: ResizeMode } | undefined;
  /** To which the map is brought; absent: that at which the picture is seen. */
  readonly map?: Size | undefined;
}

/**
 * What a process and its extractor child say to each other, over Node's IPC with `advanced` serialization (pixels travel
 * as bytes). The child answers every request with one message of the same id.
 */
export interface ExtractRequest {
  readonly type: 'extract';
  readonly condition: string;
  readonly image: MaskedImage;
  /** Checked by the sender against the condition's schema. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly sizes: ExtractionSizes;
}

/** Draw the map of structure that came as data. */
export interface RenderRequest {
  readonly type: 'render';
  readonly structure: string;
  /** Checked by the sender against the structure's schema. */
  readonly data: unknown;
  readonly width: number;
  readonly height: number;
}

/** Compare a map that was extracted from a picture with the one that the picture was to obey. */
export interface CompareRequest {
  readonly type: 'compare';
  readonly condition: string;
  /** With which `drawn` was extracted. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly drawn: ConditionMap;
  readonly requested: RequestedMap;
}

/** Bring a picture to another size by a kernel of src/pixels/upscalers. */
export interface EnlargeRequest {
  readonly type: 'enlarge';
  readonly upscaler: string;
  readonly image: AlphaImage;
  readonly size: Size;
}

export type ExtractorRequest = ExtractRequest | RenderRequest | CompareRequest | EnlargeRequest;

/** What comes of each request. */
export interface ExtractorResults {
  readonly extract: ConditionMap;
  readonly render: ConditionMap;
  readonly compare: Fidelity;
  readonly enlarge: AlphaImage;
}

export type ExtractorResult = ExtractorResults[ExtractorRequest['type']];

export type ToExtractor = ExtractorRequest & { readonly id: number };

export type FromExtractor =
  | { readonly type: 'done'; readonly id: number; readonly result: ExtractorResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError };
