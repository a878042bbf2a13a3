import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { findCondition, maskedConditions } from '../conditions/registry.ts';
import { parseOptions } from '../conditions/contract/options.ts';
import { ArmatureError } from '../errors.ts';
import { openExtractor } from '../service/open-extractor.ts';
import { parseExtraction } from '../generation/parse.ts';
import { resolveExtraction } from '../generation/kinds/extraction/resolve.ts';
import { encodePicture } from '../images/encode.ts';
import { numberOrText } from './controls/command-fields.ts';
import { namedValue } from './controls/control-options.ts';
import { annotatorsOf } from '../service/library.ts';
import { formatOf, requireOwnOutputs, writeWhole } from './files/output-files.ts';
import { PictureFiles } from './files/picture-files.ts';
import { useData } from './settings/places.ts';
import { extractMap, seeExtraction } from '../drawing/extract-map.ts';
import { insideMap } from '../drawing/picture-metadata.ts';
import { addSettings, configOf } from './settings/setting-options.ts';
import { interruption } from '../service/shutdown.ts';

interface Options {
  readonly output: string;
  readonly option: Readonly<Record<string, unknown>>;
  readonly mask?: string;
  readonly resolution?: number | string;
  readonly strict?: true;
  readonly saveData?: string;
}

const examples = `
Examples:
  armature extract canny photo.jpg -o edges.png
  armature extract openpose photo.jpg --save-data pose.json -o pose.png
  armature extract inpaint photo.jpg --mask hole.png -o inpaint.png
  armature extract canny photo.jpg --option low_threshold=50 --option high_threshold=150 -o edges.png

The map has the picture's own size, unless --resolution says another. A file that is there already is overwritten, once the map is
complete; one that is an input is not.
`;

export function addExtract(command: Command): void {
  command
    .argument('<condition>', 'which kind of map: canny ...')
    .argument('<picture>', 'PNG, JPEG, WebP, GIF, AVIF or TIFF')
    .option('-o, --output <file>', 'where to: .png, .jpg or .webp', 'map.png')
    .option(
      '--option <name=value>',
      'option of the extractor (repeatable)',
      (text: string, previous: Readonly<Record<string, unknown>>) => ({ ...previous, ...namedValue(text) }),
      {},
    )
    .option(
      '--resolution <pixels>',
      'short side that the picture is brought to first; its own by default',
      numberOrText,
    )
    .option(
      '--mask <file>',
      `of ${maskedConditions.join(', ')}: a picture of the same size, white where that one is to be drawn anew`,
    )
    .option('--strict', 'fail where the map is blank')
    .option('--save-data <file>', 'also write what was found as JSON: a pose, the classes of a segmentation')
    .addHelpText('after', examples)
    .action(async (type: string, file: string, options: Options) => {
      await extract(configOf(command), type, file, options);
    });
  addSettings(command, 'library');
}

async function extract(config: Config, type: string, file: string, options: Options): Promise<void> {
  const condition = findCondition(type);
  parseOptions(condition, options.option, 'option');
  const request = parseExtraction({
    image: { part: 'picture' },
    options: options.option,
    output: { format: formatOf(options.output) },
    ...(options.resolution === undefined ? {} : { resolution: options.resolution }),
    strict: options.strict === true,
  });
  const { output, saveData, mask } = options;
  await requireOwnOutputs(
    saveData === undefined ? [output] : [output, saveData],
    mask === undefined ? [file] : [file, mask],
  );
  useData(config);
  const { signal, release } = interruption();
  const extractor = openExtractor(config);
  try {
    const files = new PictureFiles();
    const given = await files.add(file, mask);
    const { plan } = resolveExtraction(type, request, findCondition, given);
    await (await annotatorsOf(config)).requireFor(plan);
    const picture = await seeExtraction({ store: files }, plan);
    const { map, data, remarks } = await extractMap(extractor, plan, picture, signal);
    for (const { detail } of remarks) console.error(`warning: ${detail}`);
    await writeWhole(output, await encodePicture(map, { ...plan.output, ...insideMap }));
    console.log(`${output}  ${map.width}x${map.height}`);
    if (saveData !== undefined) await writeData(saveData, condition.id, data);
  } finally {
    release();
    await extractor.close();
  }
}

async function writeData(
  file: string,
  type: string,
  data: Readonly<Record<string, unknown>> | undefined,
): Promise<void> {
  if (data === undefined) {
    const detail = `Expected a condition that gives data with --save-data, but ${type} gives only a map.`;
    throw new ArmatureError('invalid_request', detail);
  }
  await writeWhole(file, new TextEncoder().encode(`${JSON.stringify(data)}\n`));
  console.log(file);
}
