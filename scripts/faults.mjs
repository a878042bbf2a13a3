// npm run faults -- NAME [--short] [--SIZE NUMBER ...]: builds and runs a script of test/faults; without a name it lists them.
import { join } from 'node:path';
import { buildIfStale, compile } from './build.mjs';
import { fail, installIfStale, node, requireNode, root } from './install.mjs';

requireNode();
await installIfStale();
await buildIfStale();
if ((await compile('tsconfig.faults.json')) !== 0) fail('the scripts do not compile: see above.');
process.exitCode = node([join(root, 'test/faults/out/test/faults/main.js'), ...process.argv.slice(2)]);
