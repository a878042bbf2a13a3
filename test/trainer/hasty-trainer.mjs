// A training process whose clock says at each look that it is time for a checkpoint. It is killed, once, after the step that a file beside the folder of trainings names.
import { existsSync, readFileSync, rmSync } from 'node:fs';

const RealDate = Date;
let ahead = 0;
globalThis.Date = class extends RealDate {
  constructor(...told) {
    if (told.length > 0) super(...told);
    else super(RealDate.now() + (ahead += 60_000));
  }
};

const order = process.env['ARMATURE_TEST_KILL'];
const send = process.send.bind(process);
process.send = (message, ...others) => {
  const { type, step } = message.event ?? {};
  if (type === 'progress' && order !== undefined && existsSync(order) && step === Number(readFileSync(order, 'utf8'))) {
    rmSync(order);
    process.kill(process.pid, 'SIGKILL');
  }
  return send(message, ...others);
};
await import('../../dist/trainer/main.js');
