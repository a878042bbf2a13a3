// npm start: installs and builds what is missing, serves on 127.0.0.1:7860, and the first time draws one picture through the
// whole path on the way. Arguments go to `armature serve`; --no-picture leaves the picture out.
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfStale } from './build.mjs';
import { installIfStale, requireNode, root } from './install.mjs';
import { step } from './progress.mjs';
import { dataOfClone, serveDefaults } from './serve-defaults.mjs';

const photo = join(root, 'examples', 'photo.jpg');
const prompt = 'a red cube on a green floor';

requireNode();
await installIfStale();
await buildIfStale();
const loading = step('Loading');
const { loadServe, report, run } = await load('cli', 'run.js');
// The command would load it in silence, after that line has ended.
await loadServe();
loading.done();
process.on('uncaughtException', (error) => process.exit(report(error)));
const args = process.argv.slice(2).filter((argument) => argument !== '--no-picture');
const wantsPicture = !process.argv.includes('--no-picture');
let current = null;
let stopping = false;
let ending = null;
process.exitCode = await run(['serve', ...serveDefaults(args, { ...dataOfClone, '--log-level': 'warn' }), ...args], {
  onStep: begin,
  onListening(listening) {
    endStep();
    void welcome(listening).catch(complain);
  },
  onStopping(notice) {
    stopping = true;
    endStep();
    console.log();
    ending = step(notice);
  },
});
endStep();
ending?.done();

async function load(...path) {
  return await import(pathToFileURL(join(root, 'dist', ...path)).href);
}

/** Ends the line of what was being done, and begins that of the next thing. */
function begin(text) {
  endStep();
  if (!stopping) current = step(text);
}

function endStep() {
  current?.done();
  current = null;
}

/** What a stop cuts off is no failure. */
function complain(error) {
  endStep();
  if (!stopping) console.error(`armature: ${error.message}`);
}

async function welcome({ address, data }) {
  if (wantsPicture) await showFirstPicture(address, join(data, 'first-picture.png')).catch(complain);
  if (stopping) return;
  console.log(
    `\nArmature answers at ${address}\n\nDraw a picture of your own:\n  ${curl(address)}\n\nCtrl-C stops the server.`,
  );
}

/** One that an earlier start has drawn is good enough. */
async function showFirstPicture(address, file) {
  const drawn = await access(file).then(
    () => true,
    () => false,
  );
  if (drawn) console.log(`The first picture, drawn at an earlier start: ${file}`);
  else await drawFirstPicture(address, file);
}

/** A photograph goes through HTTP, queue, worker, canny and ControlNet, as anybody's would. */
async function drawFirstPicture(address, file) {
  begin('Waiting for the device process');
  await untilReady(address);
  begin(`Drawing "${prompt}" over the edges of ${photo}`);
  const form = new FormData();
  form.set('prompt', prompt);
  form.set('seed', '7');
  form.set('canny', new Blob([await readFile(photo)]), 'photo.jpg');
  const job = await finished(
    address,
    await json(await fetch(`${address}/v1/generations`, { method: 'POST', body: form })),
  );
  if (job.status !== 'succeeded')
    throw new Error(`the first picture ${job.status}: ${job.error?.detail ?? 'no reason given'}`);
  const { url } = job.outputs[0];
  const picture = await fetch(new URL(url, address));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.from(await picture.arrayBuffer()));
  endStep();
  console.log(`The picture: ${file}\n    also at: ${new URL(url, address)}`);
}

async function untilReady(address) {
  for (let attempt = 0; attempt < 600; attempt++) {
    const response = await fetch(`${address}/readyz`);
    if (response.ok) return;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the server did not get ready: see ${address}/readyz`);
}

/** The job when it has come to an end, however long that takes. */
async function finished(address, submitted) {
  let job = submitted;
  while (job.status === 'queued' || job.status === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 100));
    job = await json(await fetch(new URL(`/v1/generations/${job.id}`, address)));
  }
  return job;
}

async function json(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(`the first picture was refused: ${body.detail ?? response.status}`);
  return body;
}

// Double quotes: they mean the same to sh, cmd and PowerShell. On Windows `curl` may be an alias of something else.
function curl(address) {
  const name = process.platform === 'win32' ? 'curl.exe' : 'curl';
  const headers = '-H "Accept: image/png" -H "Prefer: wait=60"';
  return `${name} -sS --fail-with-body -o cube.png ${headers} -F "prompt=${prompt}" -F "canny=@${photo}" ${address}/v1/generations`;
}
