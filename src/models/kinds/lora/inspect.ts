import type { LoraModel } from '../../../generation/models/lora.ts';
import { describeLora } from '../../../weights/lora/describe-lora.ts';
import { loraFingerprint, openLoraFile } from '../../../weights/lora/lora-file.ts';
import { requireScales } from '../../../weights/lora/lora-scales.ts';
import { loraTexts } from '../../../weights/lora/lora-texts.ts';
import { modelFileStem } from '../../names/model-files.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given } from '../contract/kind.ts';

/** A single file. */
export async function inspectLora(
  path: string,
  { id, title, licence: said }: Given,
  file: SafetensorsFile | null,
): Promise<LoraModel> {
  const lora = await openLoraFile(path, file ?? undefined);
  requireScales(lora);
  const { licence, triggerWords, alias } = loraTexts(lora.file.metadata);
  const { methods, layers, rank, contextWidth, textWidth, needsSdxl, words } = describeLora(lora);
  const names = [title, modelFileStem(path), ...(alias === null ? [] : [alias])];
  return {
    kind: 'lora',
    id,
    title,
    licence: said ?? licence,
    owner: null,
    hash: await loraFingerprint(lora),
    path,
    names: [...new Set(names)],
    fits: { contextWidth, textWidth, needsSdxl },
    methods,
    layers,
    rank,
    triggerWords,
    words,
  };
}
