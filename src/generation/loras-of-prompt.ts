import { ArmatureError } from '../errors.ts';
import { shortened } from '../prompt/foreign-syntax.ts';
import { takeLoraTags } from '../prompt/lora-tags.ts';
import type { PromptSyntax } from '../prompt/syntax.ts';
import type { ModelList } from './models/model-list.ts';
import { limits } from './request/limits.ts';
import { resolveLoraName } from './models/lora.ts';
import { type NamedLora, tooManyLoras } from './resolve-loras.ts';

const field = 'prompt';

/**
 * The LoRAs that a prompt asks for as `<lora:name:te:unet>`, in its order. Throws `invalid_request` for a tag that cannot be read or is out of
 * range, `unknown_model` for a name that none or several have.
 */
export function lorasOfPrompt(text: string, syntax: PromptSyntax, models: ModelList): readonly NamedLora[] {
  if (syntax === 'plain') return [];
  const { tags, unreadable } = takeLoraTags(text);
  const [first] = unreadable;
  if (first !== undefined) {
    throw refusal(first, 'to be <lora:name>, <lora:name:1>, or <lora:name:te:unet> with two numbers');
  }
  if (tags.length > limits.loras) throw tooManyLoras(tags.length, field);
  const { min, max } = limits.loraScale;
  return tags.map(({ written, name, scale, textEncoderScale }) => {
    if ([scale, textEncoderScale].some((value) => value < min || value > max)) {
      throw refusal(written, `to have numbers from ${min} to ${max}`);
    }
    const { id } = resolveLoraName(models, name, field);
    return { model: id, scale, text_encoder_scale: textEncoderScale, field };
  });
}

function refusal(tag: string, expected: string): ArmatureError {
  const detail =
    `Expected ${JSON.stringify(shortened(tag))} in prompt ${expected}. ` +
    'Write it so, name the LoRA in loras, or send prompt_syntax "plain" where it is text.';
  return new ArmatureError('invalid_request', detail, { field });
}
