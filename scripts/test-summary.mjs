// Reads vitest's JSON report and prints what failed, and then "N passed, N failed". Ends with 1 where something failed or nothing ran.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const { passed, failed, skipped, failures } = count(process.argv[2]);
for (const failure of failures) console.log(`FAILED ${failure}`);
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function count(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    // A file that cannot even be loaded has no tests that could fail.
    const unloaded = report.testResults.filter(
      (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
    );
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded.length,
      skipped: report.numPendingTests + report.numTodoTests,
      failures: report.testResults.flatMap(failuresOf),
    };
  } catch (error) {
    console.error(`armature: vitest left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0, failures: [] };
  }
}

/** A line or two each: where, which, and the beginning of why. Long output is often cut at its front: this stands at its end. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [`${file}: ${beginning(message)}`] : [];
  return failed.map((test) => `${file}: ${test.fullName}\n  ${beginning(test.failureMessages[0])}`);
}

function beginning(message = '') {
  return message.slice(0, 2000).split('\n').slice(0, 20).join('\n  ');
}
