// node scripts/condition-sheet.mjs: draws docs/images/conditions.webp anew, every condition over every photograph of
// test/photos, through the built product's own modules. Run `npm run build` first.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseOptions } from '../dist/conditions/contract/options.js';
import { conditionIds, findCondition } from '../dist/conditions/registry.js';
import { embeddedAnnotators } from '../dist/config/package-files.js';
import { ExtractorProcess } from '../dist/extractor/extractor-process.js';
import { decodePicture } from '../dist/images/decode.js';
import { encodePicture } from '../dist/images/encode.js';
import { resizePhoto } from '../dist/images/resize.js';
import { drawnText, putText } from '../dist/images/text.js';
import { root } from './install.mjs';

/** Pixels: of a picture, between two of them, and of the column with the names. */
const side = 256;
const gap = 6;
const names = 132;

/** Where the defaults would not show what the condition is for. */
const options = { openpose: { hands: true, face: true }, tile: { factor: 8 } };

/** What is to be drawn anew, where a condition has such a thing: a disc in the middle. */
const disc = Uint8Array.from({ length: side * side }, (_, i) =>
  Math.hypot((i % side) - side / 2, Math.floor(i / side) - side / 2) < side / 4 ? 1 : 0,
);

const folder = join(root, 'test', 'photos');
const files = (await readdir(folder)).filter((name) => name.endsWith('.png')).toSorted();
const photos = await Promise.all(
  files.map(async (name) => {
    const picture = await decodePicture(await readFile(join(folder, name)));
    return await resizePhoto(picture, { width: side, height: side }, 'crop');
  }),
);

const conditions = conditionIds.map((id) => findCondition(id)).filter(({ load }) => load !== undefined);
const sheet = canvas(names + photos.length * (side + gap), (conditions.length + 1) * (side + gap) - gap);
await place('photo', 0, photos);
const extractor = new ExtractorProcess({ annotators: embeddedAnnotators });
try {
  for (const [index, condition] of conditions.entries()) {
    const parsed = parseOptions(condition, options[condition.id] ?? {});
    const seen = condition.masked === true ? photos.map((photo) => ({ ...photo, masked: disc })) : photos;
    const made = await Promise.all(seen.map((photo) => extractor.extract(condition.id, photo, parsed)));
    await place(
      condition.id,
      index + 1,
      made.map(({ map }) => map),
    );
    for (const [i, { warnings }] of made.entries()) for (const text of warnings) console.log(`${files[i]}: ${text}`);
  }
} finally {
  await extractor.close();
}
await writeFile(
  join(root, 'docs', 'images', 'conditions.webp'),
  await encodePicture(sheet, { format: 'webp', quality: 75 }),
);
console.log(`docs/images/conditions.webp: ${conditions.length} conditions over ${files.join(', ')}`);

function canvas(width, height) {
  return { width, height, data: new Uint8Array(3 * width * height).fill(255) };
}

/** One row of the sheet: a name, and a picture for each photograph. */
async function place(name, row, pictures) {
  const top = row * (side + gap);
  putText(sheet, await drawnText(name, 18), 4, top + side / 2 - 9);
  for (const [column, picture] of pictures.entries()) {
    const left = names + column * (side + gap);
    for (let y = 0; y < side; y++) {
      const line = picture.data.subarray(y * side * 3, (y + 1) * side * 3);
      sheet.data.set(line, ((top + y) * sheet.width + left) * 3);
    }
  }
}
