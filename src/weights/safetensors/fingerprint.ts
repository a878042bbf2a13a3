import { createHash } from 'node:crypto';
import { openRegularFile } from '../../files/regular-file.ts';
import type { SafetensorsFile } from './safetensors.ts';

const samples = 16;
const sampleLength = 4096;

/**
 * Tells two checkpoints apart without reading them whole: SHA-256 over header, length and sixteen samples of 4 KB of each
 * file (two fine-tunings of one model have the same header and length), and over what the configs say. The first 16 hexadecimal
 * digits.
 */
export async function fingerprint(files: readonly SafetensorsFile[], configs: readonly unknown[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(configs));
  for (const file of files) {
    hash.update(`${file.byteLength}\n`).update(file.header);
    const handle = await openRegularFile(file.path);
    try {
      const buffer = Buffer.alloc(sampleLength);
      const start = 8 + file.header.length;
      const last = Math.max(start, file.byteLength - sampleLength);
      for (let sample = 0; sample < samples; sample++) {
        const position = start + Math.floor(((last - start) * sample) / (samples - 1));
        const { bytesRead } = await handle.read(buffer, 0, sampleLength, position);
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }
  return hash.digest('hex').slice(0, 16);
}
