type Undo = () => Promise<unknown>;

const ofTheTest: Undo[] = [];
const ofTheFile: Undo[] = [];

/**
 * Has something undone at the end of the test, from a module that test files share. A hook that such a module registers itself is one of
 * the first file alone that imports it, where several share a worker.
 */
export function afterThisTest(undo: Undo): void {
  ofTheTest.push(undo);
}

/** The same at the end of the test file. */
export function afterThisFile(undo: Undo): void {
  ofTheFile.push(undo);
}

/** Undoes what the test has left. */
export async function cleanTest(): Promise<void> {
  await Promise.all(ofTheTest.splice(0).map(async (undo) => await undo()));
}

/** Undoes what the test file has left. */
export async function cleanFile(): Promise<void> {
  await Promise.all(ofTheFile.splice(0).map(async (undo) => await undo()));
}
