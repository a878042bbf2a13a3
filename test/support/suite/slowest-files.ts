import { relative, sep } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const shown = 15;
/** Fewer files are a choice of somebody who sees their times anyway. */
const least = 50;

/** Names the files that took longest, with their seconds, at the end of a run of many. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length < least) return;
    console.log(
      slowestFiles(
        modules.map((module) => ({
          file: relative(module.project.config.root, module.moduleId).split(sep).join('/'),
          ms: tookMs(module),
        })),
      ),
    );
  }
}

export interface FileTime {
  readonly file: string;
  readonly ms: number;
}

/** The table that a run ends with: the slowest first, and what share of the time of all files they took. */
export function slowestFiles(times: readonly FileTime[]): string {
  const all = times.reduce((sum, { ms }) => sum + ms, 0);
  const slowest = times.toSorted((a, b) => b.ms - a.ms).slice(0, shown);
  const share = slowest.reduce((sum, { ms }) => sum + ms, 0) / Math.max(all, 1);
  const lines = slowest.map(({ file, ms }) => `${(ms / 1000).toFixed(1).padStart(8)} s  ${file}`);
  const title = `Slowest ${slowest.length} of ${times.length} files, ${Math.round(share * 100)} % of the time of all:`;
  return ['', title, ...lines, ''].join('\n');
}

/** Imports, hooks and tests of a file, in milliseconds. */
function tookMs(module: TestModule): number {
  const { duration, collectDuration, setupDuration } = module.diagnostic();
  return duration + collectDuration + setupDuration;
}
