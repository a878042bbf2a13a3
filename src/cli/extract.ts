import type { Command } from 'commander';
import { embeddedAnnotators } from '../config.ts';
import { findCondition } from '../conditions/registry.ts';
import { parseOptions } from '../conditions/options.ts';
import { ExtractorProcess } from '../extractor/extractor-process.ts';
import { decodePicture } from '../images/decode.ts';
import { encodePicture } from '../images/encode.ts';
import { namedValue } from './control-options.ts';
import { formatOf, writeWhole } from './output-files.ts';
import { PictureFiles } from './picture-files.ts';
import { interruption } from './shutdown.ts';

interface Options {
  readonly output: string;
  readonly option: Readonly<Record<string, unknown>>;
}

const examples = `
Examples:
  armature extract canny photo.jpg -o edges.png
  armature extract canny photo.jpg --option low_threshold=50 --option high_threshold=150 -o edges.png

The map has the picture's own size. A file that is there already is overwritten, once the map is complete.
`;

export function addExtract(program: Command): void {
  program
    .command('extract')
    .description('make the map of a picture that a ControlNet is steered by')
    .argument('<condition>', 'which kind of map: canny ...')
    .argument('<picture>', 'PNG, JPEG, WebP, GIF, AVIF or TIFF')
    .option('-o, --output <file>', 'where to: .png, .jpg or .webp', 'map.png')
    .option(
      '--option <name=value>',
      'option of the extractor (repeatable)',
      (text: string, previous: Readonly<Record<string, unknown>>) => ({ ...previous, ...namedValue(text) }),
      {},
    )
    .addHelpText('after', examples)
    .action(extract);
}

async function extract(type: string, file: string, { output, option }: Options): Promise<void> {
  const condition = findCondition(type);
  const parsed = parseOptions(condition, option, 'option');
  const format = formatOf(output);
  const { signal, release } = interruption();
  const extractor = new ExtractorProcess({ annotators: embeddedAnnotators });
  try {
    const files = new PictureFiles();
    const { key } = await files.add(file);
    const picture = await decodePicture(await files.get(key), undefined, { field: file });
    const { map, warnings } = await extractor.extract(condition.id, picture, parsed, signal);
    for (const warning of warnings) console.error(`warning: ${warning}`);
    await writeWhole(output, await encodePicture(map, { format, quality: 90 }));
    console.log(`${output}  ${map.width}x${map.height}`);
  } finally {
    release();
    await extractor.close();
  }
}
