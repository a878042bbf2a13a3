import type { Command } from 'commander';
import { randomInt } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { DeviceProcess } from '../../device/device-process.ts';
import { openExtractor } from '../../service/open-extractor.ts';
import { parseGeneration } from '../../generation/parse.ts';
import { sizeDrawn } from '../../generation/passes.ts';
import { encodePicture } from '../../images/encode.ts';
import { addControls, type ControlArgument } from '../controls/control-options.ts';
import { addGenerationOptions } from './generation-options.ts';
import { fidelityLines } from './fidelity-lines.ts';
import { deviceSettings } from '../../service/device-settings.ts';
import { draw, type DrawnFiles } from './draw.ts';
import { generationBody } from './generation-body.ts';
import { annotatorsOf, libraryOf } from '../../service/library.ts';
import { beside, formatOf, outputNames, requireOwnOutputs, writeWhole } from '../files/output-files.ts';
import { PictureFiles } from '../files/picture-files.ts';
import { useData } from '../settings/places.ts';
import { insideMap } from '../../drawing/picture-metadata.ts';
import { showProgress } from '../terminal/progress.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { interruption } from '../../service/shutdown.ts';
import { controlBodies } from '../controls/control-bodies.ts';
import { filesOf } from '../files/request-files.ts';

interface Options {
  readonly output: string;
  readonly saveMaps?: true;
}

const examples = `
Examples:
  armature generate "a red cube on a green floor" -o cube.png
  armature generate "a red cube on a green floor" --canny photo.jpg --seed 7 -o out.png
  armature generate "two people" --openpose pose.png --depth room.png --control-scale 0.6 -n 4 -o out.png
  armature generate "a blue ball" --canny edges.png --map --control-end 0.8
  armature generate "a dancer" --pose pose.json --best-of 4 -o dancer.png

What acts on a control stands behind it: in the third example 0.6 is the scale of depth.
An output file that is there already is overwritten, once the new picture is complete; one that is an input is not.
`;

export function addGenerate(command: Command): void {
  command
    .argument('<prompt>', 'what to draw')
    .option('-o, --output <file>', 'where to: .png, .jpg or .webp; several get -1, -2 ... in their names', 'out.png');
  addGenerationOptions(command);
  const controls = addControls(command);
  command.option('--save-maps', 'also write the map of each control: out-map-1.png ...');
  addSettings(command, 'pictures');
  command.addHelpText('after', examples);
  command.action(async (prompt: string, options: Options) => {
    await generate(configOf(command), prompt, options, controls.list);
  });
}

async function generate(
  config: Config,
  prompt: string,
  options: Options,
  controls: readonly ControlArgument[],
): Promise<void> {
  const body = generationBody(prompt, config.model, options, await controlBodies(controls), formatOf(options.output));
  const files = new PictureFiles();
  const request = parseGeneration(files.asParts(body));
  const maps = options.saveMaps === true ? controls.map((_, index) => mapName(options.output, index)) : [];
  const inputs = [...controls.map(({ file }) => file), ...filesOf(body)];
  await requireOwnOutputs([...outputNames(options.output, request.count), ...maps], inputs);
  useData(config);
  const startedAt = performance.now();
  const { signal, release } = interruption();
  const device = new DeviceProcess({ settings: deviceSettings(config) });
  const extractor = openExtractor(config);
  const progress = showProgress();
  try {
    const [library, annotators] = await Promise.all([libraryOf(config), annotatorsOf(config)]);
    const randomSeed = (): number => randomInt(2 ** 32);
    const { model: defaultModel, embedParameters } = config;
    const parts = { library, annotators, device, extractor, files, defaultModel, randomSeed, embedParameters };
    const drawn = await draw(parts, request, { signal, onProgress: progress.show });
    progress.stop();
    await writeResults(drawn, options);
    console.error(`${((performance.now() - startedAt) / 1000).toFixed(1)} s on ${device.description?.provider}`);
  } finally {
    progress.stop();
    release();
    await Promise.all([device.close(), extractor.close()]);
  }
}

function mapName(output: string, index: number): string {
  return beside(output, `-map-${index + 1}`).replace(/\.[^.]+$/, '.png');
}

/** One line on stdout for each file; remarks go to stderr. */
async function writeResults({ plan, pictures, controls, warnings }: DrawnFiles, options: Options): Promise<void> {
  for (const warning of warnings) console.error(`warning: ${warning}`);
  for (const picture of pictures) for (const line of fidelityLines(picture)) console.error(line);
  const names = outputNames(options.output, pictures.length);
  for (const [index, { seed, bytes }] of pictures.entries()) {
    const name = names[index] ?? options.output;
    await writeWhole(name, bytes);
    const size = plan.init?.mask?.source ?? sizeDrawn(plan);
    console.log(`${name}  seed ${seed}  ${size.width}x${size.height}`);
  }
  if (options.saveMaps !== true) return;
  for (const { index, plan: control, inputs } of controls) {
    const name = mapName(options.output, index);
    await writeWhole(name, await encodePicture(inputs.map, { format: 'png', quality: 100, ...insideMap }));
    console.log(`${name}  map of ${control.type}`);
  }
}
