/** What a text is for: what is to be drawn, or what the picture is to stay away from. */
export type TextRole = 'prompt' | 'negative';

/**
 * What a row asks the network for: what the prompt wants, what the picture that is edited is without it, or what the picture is to stay away
 * from.
 */
export type Role = TextRole | 'picture';

/** What of guidance says which rows are asked. */
export interface RowGuidance {
  /** 1 and less: the prompt alone. */
  readonly scale: number;
  /** How far the picture that is edited is followed, in networks that are shown one; null or absent in all others. 1: no further than it is. */
  readonly picture?: number | null | undefined;
  /** The scale is an input of the network, which was distilled to answer as if guided; absent in all others. */
  readonly isInput?: boolean | undefined;
}

/**
 * The rows that a sample with so many prompts asks under this guidance, in their order in a batch. Several prompts are composed
 * by what each has more than the negative one, so that one is asked too, guidance or not.
 */
export function rolesOf({ scale, picture = null, isInput = false }: RowGuidance, prompts = 1): readonly Role[] {
  if (isInput) return ['prompt'];
  if (picture !== null && scale > 1) {
    return picture === 1 ? ['picture', 'prompt'] : ['negative', 'picture', 'prompt'];
  }
  const asked = Array.from({ length: prompts }, () => 'prompt' as const);
  return scale > 1 || prompts > 1 ? ['negative', ...asked] : asked;
}
