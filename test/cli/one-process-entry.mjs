// Runs one command after another that its parent sends, and answers with what each said. What users run is in ../../dist.
import { run } from '../../dist/cli/run.js';

const own = { ...process.env };
let last = Promise.resolve();
process.on('message', ({ args, env }) => {
  last = last.then(async () => process.send(await finished(args, env)));
});

async function finished(args, env) {
  const written = { stdout: '', stderr: '' };
  const restores = Object.keys(written).map((name) => {
    const stream = process[name];
    const { write } = stream;
    const before = stream.listeners('error');
    stream.write = (text) => {
      written[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
      return true;
    };
    return () => {
      stream.write = write;
      for (const listener of stream.listeners('error')) if (!before.includes(listener)) stream.off('error', listener);
    };
  });
  // In place: what has been loaded may hold the object.
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, own, env);
  try {
    return { code: await run(args), ...written };
  } finally {
    for (const restore of restores) restore();
  }
}
