import type { PictureDecoder } from '../../images/decoder/decoder.ts';
import type { Size } from '../../numeric/size.ts';
import type { SetLimits } from './contract/limits.ts';

/** What a training asks of its set. */
export interface SetRules {
  /** Whether pictures come with maps: each has to, they may (all or none; where there are none they are extracted), or maps are left alone. */
  readonly maps: 'needed' | 'wanted' | 'unused';
  /** Captions as they lie beside the pictures, or none although they may. */
  readonly captions: 'found' | 'none';
  /** What becomes of a set with files that cannot be used. */
  readonly onBad: 'refuse' | 'skip';
  /** A word that every caption is to hold; null for none. */
  readonly trigger: string | null;
  /** Pixels of a picture as it is trained on. */
  readonly resolution: Size;
  /** How many tokens of a caption are read, its start and its end among them, and how many it has; null where nobody counts. */
  readonly tokens: { readonly most: number; readonly count: (caption: string) => number } | null;
  readonly limits: SetLimits;
}

/** What reading a set needs, and whom it tells. */
export interface SetParts {
  readonly decoder: PictureDecoder;
  readonly signal: AbortSignal;
  /** Is told after every pair. */
  readonly onProgress?: (looked: number, of: number) => void | Promise<void>;
}
