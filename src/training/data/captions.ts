import { readJson, readText } from '../../json/read-json.ts';
import type { SetEntry } from './contract/entry.ts';
import type { SetLimits } from './contract/limits.ts';
import type { CaptionDraft } from './contract/layout.ts';
import { invalidSet } from './contract/invalid-set.ts';

/** The text of a caption as it was given: the first line that says something; '' where none does. @throws ArmatureError `invalid_set`, `invalid_request` */
export async function readCaption(draft: CaptionDraft, { captionBytes }: SetLimits): Promise<string> {
  if (draft === null) return '';
  const text = 'text' in draft ? draft.text : await textOf(draft.file, captionBytes);
  if (Buffer.byteLength(text) > captionBytes) {
    throw invalidSet(`Expected a caption of at most ${captionBytes} bytes but it has more.`);
  }
  if (text.includes('\0')) throw invalidSet('Expected a caption of text but it holds the character 0.');
  return (
    text
      .split(/\r\n|\r|\n/)
      .map((line) => line.trim())
      .find((line) => line !== '') ?? ''
  );
}

/** Of a file of JSON the caption in it. */
async function textOf(file: SetEntry, captionBytes: number): Promise<string> {
  const subject = 'a caption';
  if (!/\.json$/i.test(file.name)) return readText(await file.read(captionBytes), { subject });
  const json = await readJson(await file.read(captionBytes), { subject });
  const fields = typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
  const text = ['caption', 'text', 'prompt'].map((name) => fields[name]).find((value) => typeof value === 'string');
  return text ?? '';
}

/** A caption as it is trained on: the trigger word stands where it says `[trigger]`, else in front where it does not hold it. */
export function withTrigger(caption: string, trigger: string | null): string {
  if (trigger === null) return caption;
  if (caption.includes('[trigger]')) return caption.replaceAll('[trigger]', () => trigger);
  if (caption === '') return trigger;
  return holds(caption.toLowerCase(), trigger.toLowerCase()) ? caption : `${trigger}, ${caption}`;
}

/** Whether a text holds words as such: "masks" does not hold "sks". */
function holds(text: string, words: string): boolean {
  for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) {
    const end = at + words.length;
    const [before, behind] = [text.slice(Math.max(0, at - 2), at), text.slice(end, end + 2)];
    if (!/[\p{L}\p{N}]$/u.test(before) && !/^[\p{L}\p{N}]/u.test(behind)) return true;
  }
  return false;
}
