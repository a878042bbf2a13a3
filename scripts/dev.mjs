// npm run dev: installs and builds what is missing, serves on 127.0.0.1:7860, and builds and serves again whenever a file below
// src changes. What does not compile is shown, and the server of before goes on. Arguments go to `armature serve`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale, compile, completeBuild } from './build.mjs';
import { installIfStale, requireNode, root } from './install.mjs';
import { step } from './progress.mjs';
import { dataOfClone, serveDefaults } from './serve-defaults.mjs';

/** Editors write a file in several steps, and several files at once. */
const quietMs = 150;

requireNode();
await installIfStale();
await buildIfStale();
const given = process.argv.slice(2);
// What is being drawn goes on behind the next start, so nobody has to wait for it.
const settings = { ...dataOfClone, '--log-level': 'info', '--grace': '0' };
const args = ['serve', ...serveDefaults(given, settings), ...given];

let stopping = false;
let server = serve();
let timer = null;
let building = Promise.resolve();
watchFolders(join(root, 'src'), () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    // What fails here fails because files come and go meanwhile: the next change builds again.
    building = building.then(serveAnew).catch((error) => console.error(`armature: ${error.message}`));
  }, quietMs);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop(signal));

/** Each folder by itself: watched as a whole, a file that an editor puts in the place of another is not seen any more (Node 20). */
function watchFolders(top, changed) {
  const watchers = new Map();
  const add = (folder) => {
    if (!watchers.has(folder)) {
      const watcher = watch(folder, () => {
        add(folder);
        changed();
      });
      watchers.set(folder, watcher);
    }
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) add(join(folder, entry.name));
      }
    } catch {
      // It went meanwhile.
      watchers.get(folder)?.close();
      watchers.delete(folder);
    }
  };
  add(top);
}

function serve() {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { cwd: root, stdio: 'inherit' });
  child.once('exit', (status) => {
    if (server !== child) return;
    server = null;
    if (!stopping) console.log(`The server ended (${status ?? 'killed'}). It starts again when a file changes.`);
  });
  return child;
}

async function serveAnew() {
  if (stopping) return;
  const compiling = step('Building');
  let status;
  try {
    status = await compile('tsconfig.build.json');
    if (status === 0) await completeBuild();
  } finally {
    compiling.done();
  }
  if (status !== 0) console.log('That does not compile: see above. The server of before goes on.');
  if (status !== 0 || stopping) return;
  await end('SIGTERM');
  if (!stopping) server = serve();
}

/** Ends the server that runs, if one does. */
async function end(signal) {
  const child = server;
  if (child === null) return;
  server = null;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function stop(signal) {
  if (stopping) return;
  stopping = true;
  // A terminal sends Ctrl-C to the server as well: twice would mean at once.
  if (signal === 'SIGINT' && process.stdin.isTTY && server !== null) await once(server, 'exit');
  else await end(signal);
  await building;
  process.exit(0);
}
