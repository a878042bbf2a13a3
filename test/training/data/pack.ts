import { buffer } from 'node:stream/consumers';
import { Header, type HeaderData } from 'tar';
import { ZipFile } from 'yazl';
import type { MadeFiles } from './twelve-pairs.ts';

export async function packZip(files: MadeFiles): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return await buffer(zip.outputStream);
}

export async function packTar(files: MadeFiles): Promise<Buffer> {
  return Buffer.concat([
    ...Object.entries(files).map(([name, content]) => tarEntry(name, content)),
    Buffer.alloc(1024),
  ]);
}

/** A header of a tar and its contents, filled up. */
export function tarEntry(name: string, content: string | Uint8Array, more: Partial<HeaderData> = {}): Buffer {
  const bytes = Buffer.from(content);
  const header = new Header({ path: name, size: bytes.length, type: 'File', mode: 0o644, mtime: new Date(0), ...more });
  header.encode();
  return Buffer.concat([header.block!, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
