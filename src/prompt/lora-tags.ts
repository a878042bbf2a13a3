import { numberOf } from './number.ts';

/** `<lora:name:te:unet>`: a LoRA that is asked for in the prompt. */
export interface LoraTag {
  readonly written: string;
  /** May hold spaces and dots. */
  readonly name: string;
  /** How strongly it acts on the denoiser. */
  readonly scale: number;
  readonly textEncoderScale: number;
}

export interface TaggedPrompt {
  /** The prompt without the tags. */
  readonly text: string;
  readonly tags: readonly LoraTag[];
  /** Tags that cannot be read, as they are written. */
  readonly unreadable: readonly string[];
}

/**
 * Takes `<lora:name>`, `<lora:name:both>`, `<lora:name:te:unet>` and the same with names (`te=`, `unet=`) out of a prompt, before
 * anything else of it is read. The first number is for both where there is no second.
 */
export function takeLoraTags(text: string): TaggedPrompt {
  const tags: LoraTag[] = [];
  const unreadable: string[] = [];
  const rest = text.replaceAll(/<lora:([^<>]*)>/gi, (written, inner: string) => {
    const tag = readTag(written, inner);
    if (tag === null) unreadable.push(written);
    else tags.push(tag);
    return '';
  });
  return { text: rest, tags, unreadable };
}

function readTag(written: string, inner: string): LoraTag | null {
  const [name = '', ...values] = inner.split(':').map((value) => value.trim());
  const given: { te?: number; unet?: number } = {};
  const places = ['te', 'unet'] as const;
  let place = 0;
  for (const value of values) {
    const [, key, number = ''] = /^(?:(te|unet)=)?(.*)$/s.exec(value) ?? [];
    const target = key === 'te' || key === 'unet' ? key : places[place++];
    const scale = numberOf(number);
    if (target === undefined || scale === null || given[target] !== undefined) return null;
    given[target] = scale;
  }
  if (name === '') return null;
  const textEncoderScale = given.te ?? 1;
  return { written, name, textEncoderScale, scale: given.unet ?? textEncoderScale };
}
