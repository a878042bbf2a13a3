import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const golden = fileURLToPath(new URL('../golden/models/sd15-tiny', import.meta.url));

/** Parts of the golden model that a drawing needs; its reference numbers are left out. */
const parts = ['scheduler', 'text_encoder', 'tokenizer', 'unet', 'vae', 'controlnet-a', 'controlnet-b'];

const manifest = {
  schema: 1,
  id: 'tiny',
  controlnets: [
    { path: 'controlnet-a', type: 'canny' },
    { path: 'controlnet-b', type: 'depth' },
  ],
};

/**
 * Lays the model out that the jobs of the fixtures are drawn with: sd15-tiny, with a type for each of its ControlNets. Always that of
 * this repository, whatever GOLDEN_DIR says: the jobs name the hash of its weights.
 *
 * @param {string} folder is made
 */
export async function layOutModels(folder) {
  const model = join(folder, 'tiny');
  await mkdir(model, { recursive: true });
  for (const part of parts) await cp(join(golden, part), join(model, part), { recursive: true });
  await cp(join(golden, 'model_index.json'), join(model, 'model_index.json'));
  await writeFile(join(model, 'armature.json'), JSON.stringify(manifest));
}

/** What both releases are started with, so that what they answer can be compared. The secret signs for no real receiver. */
export const serveFlags = [
  '--model',
  'tiny',
  '--public-url',
  'https://pictures.example',
  '--retention-days',
  '0',
  '--webhook-secret',
  `whsec_${Buffer.from('signs for receivers of the tests').toString('base64')}`,
];
