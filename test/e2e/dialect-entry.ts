import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';
import { root } from '../support/service.ts';

/** A program that is `armature serve` with one dialect more. */
export interface DialectEntry {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** Makes it of the dialect in test/server/dialects, over the service as it is built. */
export async function entryWithAtelier(): Promise<DialectEntry> {
  // Where packages are found from.
  const folder = await mkdtemp(fileURLToPath(new URL('node_modules/.atelier-', root)));
  const source = new URL('test/server/dialects/atelier.ts', root);
  const { code } = await transformWithOxc(await readFile(source, 'utf8'), 'atelier.ts');
  const dist = (module: string): string => new URL(`dist/${module}.js`, root).href;
  const built = code.replaceAll(/(?:\.\.\/)+src\/([\w/-]+)\.ts/g, (_, module: string) => dist(module));
  await writeFile(join(folder, 'atelier.mjs'), built);
  const path = join(folder, 'main.mjs');
  await writeFile(
    path,
    `import { Command } from 'commander';
    import { addServiceSettings, configOf } from '${dist('cli/settings/setting-options')}';
    import { dialects } from '${dist('server/dialects/registry')}';
    import { runService } from '${dist('service/service')}';
    import { atelier } from './atelier.mjs';

    const serve = new Command('serve');
    addServiceSettings(serve, 'requests', 'jobs', 'objects');
    serve.action(async () => await runService(configOf(serve), 'serve', {}, [...dialects, atelier]));
    await new Command().addCommand(serve).parseAsync();`,
  );
  return { path, remove: async () => await rm(folder, { recursive: true, force: true }) };
}
