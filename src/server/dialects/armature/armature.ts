import { ownDoor } from '../../../generation/door.ts';
import { bearer } from '../../access/bearer.ts';
import { writeProblem } from '../../http/problem.ts';
import { addResources } from '../../routes/resources.ts';
import type { Dialect } from '../contract/dialect.ts';
import { answerAsPreferred } from './answer.ts';
import { writeJobEnd } from './events.ts';

/** Our own API, as docs/api.md has it. */
export const armature: Dialect = {
  id: ownDoor.dialect,
  mounts: [{ prefix: '', routes: addResources }],
  writeError: writeProblem,
  authentication: bearer,
  answerJob: answerAsPreferred,
  writeEvent: writeJobEnd,
};
