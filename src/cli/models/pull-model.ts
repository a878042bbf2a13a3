import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../../config/config.ts';
import { modelCatalog } from '../../config/package-files.ts';
import { proxiesOf } from '../../config/proxies.ts';
import { conditionIds } from '../../conditions/registry.ts';
import { createFetcher } from '../../fetch/fetcher.ts';
import { readCatalog, type Variant, variants } from '../../models/pull/catalog.ts';
import { typeOf } from '../../models/pull/describe-model.ts';
import { Hub } from '../../models/pull/hub.ts';
import { type Pulled, pullModel } from '../../models/pull/pull.ts';
import { type PullTarget, readTarget } from '../../models/pull/target.ts';
import { prepareDataFolder } from '../../records/data-folder/data-folder.ts';
import { useData } from '../settings/places.ts';
import { showDownload } from './download-progress.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { interruption } from '../../service/shutdown.ts';
import type { PulledFile } from '../../models/pull/pulled-file.ts';

interface Options {
  readonly revision?: string;
  readonly variant?: Variant;
  readonly to?: string;
}

const help = `
Examples:
  armature models pull control-sd15-canny
  armature models pull lllyasviel/control_v11p_sd15_canny --variant full
  armature models pull owner/name:some-model.safetensors --to /mnt/models

Run again, an interrupted pull goes on from where it ended. Files are checked against the hub's hashes. Pickles (.bin, .pth,
.ckpt) are not pulled: they can run code when they are read. The environment variable ARMATURE_HUB_TOKEN holds the token for
models that are not given to everybody; it is sent to the hub and to nobody else. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are followed.
`;

export function addPull(models: Command): void {
  const pull = models
    .command('pull')
    .description('bring a model from the hub')
    .argument('<model>', 'id of `armature models catalog`, owner/name, or owner/name:file')
    .option('--revision <name>', 'branch, tag or commit (default: main)')
    .addOption(new Option('--variant <name>', 'precision of the weights, where there are several').choices(variants))
    .option('--to <dir>', "folder of models to put it into (default: DATA's)")
    .addHelpText('after', help)
    .action(async (model: string, options: Options) => await pullInto(model, options, configOf(pull)));
  addSettings(pull, 'pull');
}

async function pullInto(model: string, { revision, variant, to }: Options, config: Config): Promise<void> {
  if (to === undefined) useData(config);
  const target = readTarget(model, await readCatalog(modelCatalog), revision);
  const { signal, release } = interruption();
  // Whoever names a hub means it, wherever it stands; redirects from it go to public addresses only.
  const fetcher = createFetcher({ allow: [new URL(config.hub).host, ...config.allowFetch], proxy: proxiesOf() });
  const onWait = (error: Error, ms: number): void =>
    console.error(`${error.message} Trying again in ${Math.ceil(ms / 1000)} s`);
  const hub = new Hub({ fetcher, address: config.hub, token: config.hubToken, signal, onWait });
  const display = showDownload();
  try {
    if (to === undefined) await prepareDataFolder(config.data);
    const pulled = await pullModel(hub, target, {
      folder: to === undefined ? join(config.data, 'models') : resolve(to),
      variant: variant ?? null,
      conditions: conditionIds,
      onProgress: display.show,
      onFile: display.done,
    });
    display.stop();
    console.log(describe(target, pulled));
  } finally {
    display.stop();
    release();
  }
}

function describe(target: PullTarget, { folder, files, already }: Pulled): string {
  const { id, entry } = target;
  if (already) return `${id} is there already, in ${folder}. Move that folder away to pull it again.`;
  const bytes = files.reduce((sum: number, file: PulledFile) => sum + file.bytes, 0);
  const type = entry === null ? null : typeOf(entry, conditionIds);
  const lines = [
    `${id}: ${files.length} files, ${Math.round(bytes / 1e6)} MB, in ${folder}${type === null ? '' : `, for ${type}`}`,
  ];
  if (entry !== null) lines.push(`Licence: ${entry.licence}`);
  if (entry === null) lines.push('Its licence is said on the hub. `armature models list` shows what it is.');
  return lines.join('\n');
}
