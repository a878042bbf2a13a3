import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const bundledNetwork = z.strictObject({
  /** Its file is `<id>.onnx`, beside the manifest. */
  id: z.string().regex(/^[a-z0-9_]+$/),
  title: z.string().min(1),
  conditions: z.array(z.string()).min(1),
  /** Value of the conditions' option `network` that chooses it; null where they have none. */
  option: z.string().nullable(),
  licence: z.string().min(1),
});

const manifest = z.strictObject({ schema: z.literal(1), networks: z.array(bundledNetwork) });

export type BundledNetwork = z.output<typeof bundledNetwork>;

/** The networks that come with the package, as networks.json in their folder says. */
export async function readBundled(folder: string): Promise<readonly BundledNetwork[]> {
  return manifest.parse(JSON.parse(await readFile(join(folder, 'networks.json'), 'utf8'))).networks;
}
