// node scripts/test-again.mjs REPORT: runs the files once more that failed by a report of test-report.mjs, alone, one after another, where
// they are few. What fails again has failed. What passes now is unsteady: the report says so from then on. Ends with 1 where
// something has failed. Further arguments go to vitest.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { node, root } from './install.mjs';

/** A machine that is busy for a while fails a test or two. Where more fail, something is broken. */
const most = 5;

const [reportFile, ...args] = process.argv.slice(2);
process.exitCode = again() ? 0 : 1;

/** Whether nothing has failed twice. */
function again() {
  if (!existsSync(reportFile)) return false;
  const report = read(reportFile);
  const failing = report.files.filter(({ failed }) => failed.length > 0).map(({ file }) => file);
  // What goes wrong outside of any test belongs to no file that could be run again.
  if (report.errors.length > 0 || failing.length === 0 || failing.length > most) return false;
  console.log(
    `\nFailed, and run once more with nothing beside it:\n${failing.map((file) => `  ${file}`).join('\n')}\n`,
  );
  const second = `${reportFile}.again`;
  const reporter = fileURLToPath(new URL('test-report.mjs', import.meta.url));
  const reporting = ['--reporter=default', `--reporter=${reporter}`, `--outputFile=${second}`];
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  node([vitest, 'run', ...failing, '--no-file-parallelism', ...reporting, ...args]);
  if (!existsSync(second)) return false;
  const merged = merge(report, read(second));
  writeFileSync(reportFile, JSON.stringify(merged));
  return merged.errors.length === 0 && merged.files.every(({ failed }) => failed.length === 0);
}

function merge(first, second) {
  return {
    ...first,
    errors: second.errors,
    files: first.files.map((result) => {
      const then = second.files.find(({ file }) => file === result.file);
      return result.failed.length === 0 || then === undefined ? result : mergedFile(result, then);
    }),
  };
}

/** What the second run says. A test that failed and did not run then, has failed still. */
function mergedFile(first, second) {
  const once = first.failed.filter(({ test }) => second.failed.every((failure) => failure.test !== test));
  const passes = ({ test }) => test === null || second.passed.includes(test);
  return {
    ...second,
    failed: [...second.failed, ...once.filter((failure) => !passes(failure))],
    unsteady: once.filter(passes),
  };
}

function read(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
