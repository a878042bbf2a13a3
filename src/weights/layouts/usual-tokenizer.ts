import type { TextEncoderConfig } from '../../graph/configs.ts';
import type { TokenizerPlace } from './layout.ts';

/**
 * What makes the ids of a text encoder that brings no tokenizer. OpenAI's CLIP fills up with the end token, OpenCLIP with its token 0:
 * Stable Diffusion 2.x and SDXL's second encoder learned that. Which of them it is, its activation tells, whatever names its
 * tensors carry.
 */
export function usualTokenizer({ activation }: Pick<TextEncoderConfig, 'activation'>): TokenizerPlace {
  return activation === 'gelu' ? { folder: null, padToken: '!' } : { folder: null };
}
