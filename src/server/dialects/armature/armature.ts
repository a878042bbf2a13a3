import { bearer } from '../../access/bearer.ts';
import { writeProblem } from '../../http/problem.ts';
import { addResources } from '../../routes/resources.ts';
import type { Dialect } from '../contract/dialect.ts';
import { answerAsPreferred } from './answer.ts';

/** Our own API, as docs/api.md has it. */
export const armature: Dialect = {
  id: 'armature',
  mounts: [{ prefix: '', routes: addResources }],
  writeError: writeProblem,
  authentication: bearer,
  answerJob: answerAsPreferred,
};
