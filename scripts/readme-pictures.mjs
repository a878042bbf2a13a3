// node scripts/readme-pictures.mjs: draws the pictures of the README anew, through the built product's own command line.
// Each strip is a map followed by three seeds. Run `npm run build` first, and again after every new model pack.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePicture } from '../dist/images/decode.js';
import { encodePicture } from '../dist/images/encode.js';
import { root } from './install.mjs';

const scenes = join(root, 'test', 'diorama', 'scenes');
const images = join(root, 'docs', 'images');
const strips = [
  {
    type: 'canny',
    map: '03_canny.png',
    prompt:
      'a person standing in a yellow shirt and violet pants beside a large brown cone on a grey floor, purple sky',
  },
  {
    type: 'depth',
    map: '05_depth.png',
    prompt: 'a character wearing a gray shirt and brown pants next to a big yellow cylinder on a grey floor, night sky',
  },
  {
    type: 'openpose',
    map: '06_pose.png',
    prompt:
      'a boy with outstretched arms in a green jacket and orange trousers, a woman in a green shirt on a blue floor',
  },
  { type: 'seg', map: '01_seg.png', prompt: 'a mannequin with raised arms in a yellow top and white pants' },
];
const seed = 1;
const count = 3;

const folder = await mkdtemp(join(tmpdir(), 'armature-readme-'));
await mkdir(images, { recursive: true });
try {
  for (const { type, map, prompt } of strips) {
    const file = join(folder, `${type}.png`);
    const args = ['generate', prompt, `--${type}`, join(scenes, map), '--map', '--seed', seed, '-n', count, '-o', file];
    execFileSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args.map(String)], { stdio: 'inherit' });
    const drawn = Array.from({ length: count }, (_, i) => join(folder, `${type}-${i + 1}.png`));
    const row = await Promise.all(
      [join(scenes, map), ...drawn].map(async (path) => decodePicture(await readFile(path))),
    );
    const strip = await encodePicture(sideBySide(row, 8), { format: 'webp', quality: 90 });
    await writeFile(join(images, `${type}.webp`), strip);
    console.log(`docs/images/${type}.webp: "${prompt}", seeds ${seed} to ${seed + count - 1}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Pictures of one height in a row, `gap` white pixels apart. */
function sideBySide(row, gap) {
  const { height } = row[0];
  const width = row.reduce((sum, image) => sum + image.width, gap * (row.length - 1));
  const data = new Uint8Array(3 * width * height).fill(255);
  let left = 0;
  for (const image of row) {
    for (let y = 0; y < height; y++) {
      data.set(image.data.subarray(3 * image.width * y, 3 * image.width * (y + 1)), 3 * (width * y + left));
    }
    left += image.width + gap;
  }
  return { width, height, data };
}
