import type { Command } from 'commander';
import { modelCatalog } from '../../config/package-files.ts';
import { type CatalogEntry, readCatalog } from '../../models/pull/catalog.ts';
import { table } from '../terminal/table.ts';

export function addCatalog(models: Command): void {
  models
    .command('catalog')
    .description('public models that can be pulled by an id; any other by its repository')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature models catalog\n  armature models pull control-sd15-canny\n')
    .action(async ({ json }: { json?: true }) => {
      const entries = await readCatalog(modelCatalog);
      console.log(json === true ? JSON.stringify(entries, null, 2) : describe(entries));
    });
}

function describe(entries: readonly CatalogEntry[]): string {
  return table(
    ['ID', 'KIND', 'FOR', 'FAMILY', 'SIZE', 'LICENCE', 'FROM'],
    entries.map(({ id, kind, type, family, bytes, licence, repo }) => [
      id,
      kind,
      type ?? '-',
      family ?? '-',
      `${Math.round(bytes / 1e6)} MB`,
      licence,
      repo,
    ]),
  );
}
