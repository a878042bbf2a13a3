import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { DeviceProcess } from '../device/device-process.ts';
import { insideUpscaled } from '../drawing/picture-metadata.ts';
import { findNetwork, readWhole, upscale, upscaleByNetwork } from '../drawing/upscale.ts';
import { ExtractorProcess } from '../extractor/extractor-process.ts';
import { resolveUpscale } from '../generation/kinds/upscale/resolve.ts';
import { parseUpscale } from '../generation/parse.ts';
import { upscaleRequest } from '../generation/request/upscale.ts';
import { encodePicture } from '../images/encode.ts';
import { deviceSettings } from '../service/device-settings.ts';
import { libraryOf } from '../service/library.ts';
import { interruption } from '../service/shutdown.ts';
import { commandBody, commandFields } from './controls/command-fields.ts';
import { formatOf, requireOwnOutputs, writeWhole } from './files/output-files.ts';
import { PictureFiles } from './files/picture-files.ts';
import { useData } from './settings/places.ts';
import { addSettings, configOf } from './settings/setting-options.ts';
import { showProgress } from './terminal/progress.ts';

const examples = `
Examples:
  armature upscale photo.jpg --scale 2 -o large.png
  armature upscale sprite.png --upscaler nearest --scale 8 -o sprite-large.png
  armature upscale photo.jpg --upscaler realesrgan-x4 -o large.png
  armature upscale photo.jpg --width 2048 --upscaler bicubic -o large.webp

A file that is there already is overwritten, once the picture is complete; one that is the input is not.
`;

export function addUpscale(command: Command): void {
  command
    .argument('<picture>', 'PNG, JPEG, WebP, GIF, AVIF or TIFF')
    .option('-o, --output <file>', 'where to: .png, .jpg or .webp', 'upscaled.png');
  for (const { option } of commandFields(upscaleRequest)) command.addOption(option);
  addSettings(command, 'library', 'networks');
  command
    .addHelpText('after', examples)
    .action(
      async (file: string, options: { readonly output: string }) => await makeLarger(configOf(command), file, options),
    );
}

async function makeLarger(
  config: Config,
  file: string,
  { output, ...options }: { readonly output: string },
): Promise<void> {
  const body = commandBody(upscaleRequest, options, formatOf(output));
  const request = parseUpscale({ image: { part: 'picture' }, ...body });
  await requireOwnOutputs([output], [file]);
  useData(config);
  const { signal, release } = interruption();
  const extractor = new ExtractorProcess();
  const device = new DeviceProcess({ settings: deviceSettings(config) });
  const progress = showProgress(process.stderr, 'part');
  try {
    const files = new PictureFiles();
    const library = await libraryOf(config);
    const { plan } = resolveUpscale(request, await files.add(file), await library.list());
    const network = await findNetwork(library, plan.upscaler);
    const { image, sourceType } = await readWhole({ store: files }, plan);
    const attempt = { job: 'command', attempt: 1 };
    const larger =
      network === null
        ? await upscale({ extractor }, plan.upscaler, image, plan, signal)
        : await upscaleByNetwork({ extractor, device }, network, image, plan, attempt, {
            signal,
            onProgress: progress.show,
          });
    progress.stop();
    const inside = insideUpscaled(plan.upscaler, sourceType);
    await writeWhole(output, await encodePicture(larger, { ...plan.output, ...inside }));
    console.log(`${output}  ${larger.width}x${larger.height}`);
  } finally {
    progress.stop();
    release();
    await Promise.all([device.close(), extractor.close()]);
  }
}
