import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';

/**
 * A reporter of vitest for what CI has to know at the end: which tests of which file passed, which failed and how it began, and
 * what went wrong outside of any test. It writes JSON to `--outputFile`.
 */
export default class TestReport {
  #vitest;

  onInit(vitest) {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules, errors) {
    const { outputFile, root } = this.#vitest.config;
    const file = resolve(root, outputFile);
    const report = {
      node: process.versions.node,
      files: modules.map((module) => ({ file: slashed(relative(root, module.moduleId)), ...resultOf(module) })),
      errors: errors.map(beginning),
    };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(report));
  }
}

function resultOf(module) {
  const tests = [...module.children.allTests()];
  const of = (state) => tests.filter((test) => test.result().state === state);
  const failed = of('failed').map((test) => ({ test: test.fullName, why: beginning(test.result().errors[0]) }));
  // A file that cannot be loaded has no test that could fail, and what fails before or after the tests is none of them.
  const others = [module, ...module.children.allSuites()].flatMap((part) => part.errors());
  if (others.length > 0 || (failed.length === 0 && module.state() === 'failed'))
    failed.push({ test: null, why: beginning(others[0]) });
  return {
    passed: of('passed').map((test) => test.fullName),
    skipped: tests.length - of('passed').length - of('failed').length,
    failed,
  };
}

function beginning(error) {
  return (error?.stack ?? error?.message ?? '').slice(0, 2000).split('\n').slice(0, 20).join('\n');
}

function slashed(path) {
  return path.split(sep).join('/');
}
