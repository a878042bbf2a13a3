import type { Command } from 'commander';
import { pullFolders } from '../../config/model-folders.ts';
import { ArmatureError } from '../../errors.ts';
import { allModels, findOfAnyKind } from '../../generation/models/model-list.ts';
import { pulledModelOf } from '../../models/pull/remove.ts';
import { verifyPulled } from '../../models/pull/verify.ts';
import { weightHashes } from '../../models/pull/weight-files.ts';
import { libraryOf } from '../../service/library.ts';
import { useData } from '../settings/places.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';

const help = `
Example:
  armature models verify control-sd15-canny

Reads every file to its end. Of a model that was pulled each is compared with what the pull wrote down; of any other the hashes of its weights
are shown.
`;

export function addVerify(models: Command): void {
  const verify = models
    .command('verify')
    .description('the sha256 of the files of a model, and whether they are those that were pulled')
    .argument('<id>', 'model, as `armature models list` calls it')
    .addHelpText('after', help)
    .action(async (id: string) => {
      const config = configOf(verify);
      useData(config);
      const found = await (await libraryOf(config)).list();
      const model = allModels(found).find((one) => one.id === id);
      const pulled = await pulledModelOf(id, model, pullFolders(config)).catch((error: unknown) => {
        if (!(error instanceof ArmatureError)) throw error;
        return null;
      });
      if (pulled === null) {
        const hashes = await weightHashes(model ?? findOfAnyKind(found, id, 'id'));
        console.log(
          table(
            ['FILE', 'SHA256'],
            hashes.map(({ path, sha256 }) => [path, sha256]),
          ),
        );
        return;
      }
      const files = await verifyPulled(pulled);
      console.log(
        table(
          ['FILE', 'STATE', 'SHA256'],
          files.map(({ path, state, sha256 }) => [path, state, sha256 ?? '-']),
        ),
      );
      const wrong = files.filter(({ state }) => state === 'changed' || state === 'missing').map(({ path }) => path);
      if (wrong.length === 0) return;
      const detail = `Expected the files of ${id} as they were pulled but ${wrong.join(', ')} ${wrong.length === 1 ? 'is' : 'are'} changed or missing: move ${pulled.folder} away and pull again.`;
      throw new ArmatureError('model_invalid', detail);
    });
  addSettings(verify, 'library');
}
