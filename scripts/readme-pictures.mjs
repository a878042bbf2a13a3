// node scripts/readme-pictures.mjs [NAME ...]: draws the pictures of the README and of docs/api.md anew, or those that are named, through
// the built product's own command line. Run `npm run build` first, and again after every new model pack.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePicture } from '../dist/images/decode.js';
import { encodePicture } from '../dist/images/encode.js';
import { root } from './install.mjs';

const scenes = join(root, 'test', 'diorama', 'scenes');
const images = join(root, 'docs', 'images');
// Each is a map followed by three seeds.
const conditions = [
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

const wanted = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'armature-readme-'));
await mkdir(images, { recursive: true });
try {
  for (const { type, map, prompt } of conditions)
    await strip(type, async () => [scene(map), ...generate(prompt, `--${type}`, scene(map), '--map', '-n', count)]);

  const person = 'a person standing in a yellow shirt and violet pants';
  const over = 'a person standing in a red shirt and blue pants beside a large green cone on a green floor, orange sky';
  await strip('over', async () => [
    scene('03_image.png'),
    ...[0.4, 0.6, 0.8].flatMap((strength) =>
      generate(over, '--init-image', scene('03_image.png'), '--strength', strength, ...keeping('03_depth.png')),
    ),
  ]);
  await strip('inpainted', async () => {
    const mask = join(folder, 'mask.png');
    await writeFile(mask, await encodePicture(rectangle(256, 256, [114, 86, 216, 210]), { format: 'png' }));
    const given = ['--init-image', scene('03_image.png'), '--mask-image', mask, '--strength', 0.9];
    const anew = `${person} beside a large green cone on a grey floor, purple sky`;
    return [scene('03_image.png'), mask, ...generate(anew, ...given, ...keeping('03_depth.png'), '-n', 2)];
  });
  await strip('extended', async () => {
    const sides = ['--extend-left', 64, '--extend-right', 64, '--mask-blur', 8];
    return [
      scene('03_image.png'),
      ...generate('a grey floor, purple sky', '--init-image', scene('03_image.png'), ...sides, '-n', 2),
    ];
  });
  await strip('hires', async () => {
    const { map, prompt } = conditions[0];
    const small = ['--canny', scene(map), '--map', '--width', 128, '--height', 128];
    const large = join(folder, 'large.png');
    armature('upscale', ...generate(prompt, ...small), '--scale', 2, '-o', large);
    const again = ['--hires-scale', 2, '--hires-upscaler', 'lanczos', '--hires-strength', 0.6];
    return [scene(map), large, ...generate(prompt, ...small, ...again)];
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

function scene(name) {
  return join(scenes, name);
}

/** Options by which what is drawn keeps the shapes of a scene. */
function keeping(depth) {
  return ['--depth', scene(depth), '--map'];
}

/** Draws, and gives the files of the pictures. */
function generate(prompt, ...options) {
  const file = join(folder, `${randomUUID()}.png`);
  armature('generate', prompt, '--seed', seed, ...options, '-o', file);
  const drawn = options.includes('-n') ? options[options.indexOf('-n') + 1] : 1;
  return drawn === 1 ? [file] : Array.from({ length: drawn }, (_, i) => file.replace('.png', `-${i + 1}.png`));
}

function armature(...args) {
  execFileSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args.map(String)], { stdio: 'inherit' });
}

/** Draws the pictures of docs/images/NAME.webp, unless others are wanted, and puts them side by side. */
async function strip(name, draw) {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const row = await Promise.all((await draw()).map(async (path) => decodePicture(await readFile(path))));
  await writeFile(
    join(images, `${name}.webp`),
    await encodePicture(sideBySide(row, 8), { format: 'webp', quality: 90 }),
  );
  console.log(`docs/images/${name}.webp`);
}

/** White from left and top to right and bottom, and black elsewhere. */
function rectangle(width, height, [left, top, right, bottom]) {
  const data = new Uint8Array(3 * width * height);
  for (let y = top; y < bottom; y++) data.fill(255, 3 * (width * y + left), 3 * (width * y + right));
  return { width, height, data };
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
