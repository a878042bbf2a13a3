// node scripts/test-summary.mjs REPORT...: reads the reports of test-report.mjs and prints what failed, what failed and then passed alone
// (test-again.mjs), and then "N passed, N failed". Ends with 1 where something failed or nothing ran. What passed is counted
// in the first report: the others run some of its tests once more, on another Node.
import { readFileSync } from 'node:fs';

const reports = process.argv.slice(2).map(read);
const [first] = reports;
const unsteady = reports.flatMap((report) => failuresOf(report, 'unsteady'));
const failed = reports.flatMap((report) => [
  ...failuresOf(report, 'failed'),
  ...report.errors.map((why) => line('outside of any test', report, why)),
]);
for (const failure of unsteady) console.log(`UNSTEADY ${failure}`);
for (const failure of failed) console.log(`FAILED ${failure}`);
for (const report of reports.slice(1)) console.log(`${passedIn(report)} passed on Node ${report.node} too`);
const skipped = first.files.reduce((sum, file) => sum + file.skipped, 0);
if (skipped > 0) console.log(`${skipped} skipped`);
if (unsteady.length > 0) console.log(`${unsteady.length} unsteady`);
console.log(`${passedIn(first)} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 || reports.some((report) => passedIn(report) === 0) ? 1 : 0;

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return { node: process.versions.node, files: [], errors: [`vitest left no report: ${error.message}`] };
  }
}

function passedIn({ files }) {
  return files.reduce((sum, { passed }) => sum + passed.length, 0);
}

function failuresOf(report, kind) {
  return report.files.flatMap(({ file, [kind]: failures = [] }) =>
    failures.map(({ test, why }) => line(test === null ? file : `${file}: ${test}`, report, why)),
  );
}

/** A line or some: where, which, and the beginning of why. Long output is often cut at its front: this stands at its end. */
function line(where, { node }, why) {
  const other = node === first.node ? '' : ` (Node ${node})`;
  return `${where}${other}\n  ${why.replaceAll('\n', '\n  ')}`;
}
