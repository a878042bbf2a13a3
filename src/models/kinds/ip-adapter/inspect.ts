import type { IpAdapterModel } from '../../../generation/models/ip-adapter.ts';
import { networks } from '../../../graph/compiler/index.ts';
import { openIpAdapterFile } from '../../../weights/layouts/ip-adapter-file.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given, Graphs } from '../contract/kind.ts';

/** A single file. */
export async function inspectIpAdapter(
  path: string,
  { id, title, licence }: Given,
  file: SafetensorsFile | null,
): Promise<IpAdapterModel> {
  const { adapter, hash } = await openIpAdapterFile(path, file ?? undefined);
  const { pictureWidth, tokens, contextWidth, widths, resampler } = adapter.config;
  const method = resampler === null ? 'basic' : 'plus';
  const shape = { method, pictureWidth, tokens, contextWidth, widths } as const;
  return { kind: 'ip-adapter', id, title, licence, owner: null, hash, path, ...shape };
}

export async function graphsOfIpAdapter({ path }: IpAdapterModel): Promise<Graphs> {
  const { adapter } = await openIpAdapterFile(path);
  return new Map([['ip-adapter', () => networks.ipAdapter(adapter)]]);
}
