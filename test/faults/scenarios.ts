import { busyServer } from './busy-server.ts';
import { deadlyJob } from './deadly-job.ts';
import { fullDisk } from './full-disk.ts';
import { fuzzedRequests } from './fuzzed-requests.ts';
import { heldByPictures } from './held-by-pictures.ts';
import { heldLoop } from './held-loop.ts';
import { insideAddresses } from './inside-addresses.ts';
import { killedWorkers } from './killed-workers.ts';
import { serversAway } from './servers-away.ts';
import { silentWorker } from './silent-worker.ts';
import { soak } from './soak.ts';
import { toldToStop } from './told-to-stop.ts';
import type { Scenario } from './harness/scenario.ts';

/** All scripts of `npm run faults`, by the fault. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  'killed-workers': killedWorkers,
  'deadly-job': deadlyJob,
  'servers-away': serversAway,
  'silent-worker': silentWorker,
  'full-disk': fullDisk,
  'told-to-stop': toldToStop,
  'busy-server': busyServer,
  soak: soak,
  'fuzzed-requests': fuzzedRequests,
  'inside-addresses': insideAddresses,
  'held-loop': heldLoop,
  'held-by-pictures': heldByPictures,
};
