import type { LoraModel } from '../../../generation/models/lora.ts';
import { describeLora } from '../../../weights/lora/describe-lora.ts';
import { loraFingerprint, openLoraFile } from '../../../weights/lora/lora-file.ts';
import { requireScales } from '../../../weights/lora/lora-scales.ts';
import { loraTexts } from '../../../weights/lora/lora-texts.ts';
import { modelFileStem } from '../../names/model-files.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Fields, Given } from '../contract/kind.ts';
import type { LoraTold } from './said.ts';

/** A single file. */
export async function inspectLora(
  path: string,
  { id, title, licence: said, manifest, told }: Given,
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
    ...saidDistilled(manifest, told),
    words,
  };
}

/** How it was distilled, the user's word before the maker's. */
function saidDistilled(manifest: Fields, told: Fields): Pick<LoraModel, 'distilled'> {
  const said = (told as LoraTold).distilled ?? (manifest as LoraTold).distilled ?? 'none';
  return said === 'none' ? {} : { distilled: said };
}
