// npm test: installs what is missing and runs the whole suite; further arguments go to vitest.
import { join } from 'node:path';
import { installIfStale, node, requireNode, root } from './install.mjs';

requireNode();
await installIfStale();
process.exitCode = node([join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)]);
