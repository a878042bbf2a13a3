import { signingSecretForm } from '../../generation/request/signing-secret.ts';
import { optional, setting } from './setting.ts';
import { flagValue, integer, many, one, signingSecret, text } from './values.ts';

/** How jobs are drawn, and what goes out with them. */
export const jobs = {
  /** Seconds that jobs get to end in when the process is told to stop. */
  grace: setting({
    flag: 'grace',
    argument: 'seconds',
    description: 'time in which jobs may end when the process is told to stop; what is not done then goes to another',
    takenFor: ['jobs'],
    parse: one((value) => integer(value, 0, 3600)),
    fallback: () => 20,
  }),
  /** Seconds of drawing between two checkpoints of a job; 0 makes none. */
  checkpointEvery: setting({
    flag: 'checkpoint-every',
    argument: 'seconds',
    description: 'drawing time between two checkpoints of a job; 0 makes none',
    takenFor: ['jobs'],
    parse: one((value) => integer(value, 0, 3600)),
    fallback: () => 10,
  }),
  /** Seconds without a sign of life after which a worker's jobs go to another. */
  claim: setting({
    flag: 'claim',
    argument: 'seconds',
    description: "time without a sign of life after which a worker's jobs go to another",
    takenFor: ['jobs'],
    parse: one((value) => integer(value, 2, 3600)),
    fallback: () => 30,
  }),
  /** Whether outputs carry the text of what they were made with, where the request does not say. */
  embedParameters: setting({
    flag: 'embed-parameters',
    argument: 'on|off',
    description: 'whether outputs carry the prompt and their other parameters as text, where the request does not say',
    takenFor: ['requests', 'pictures'],
    parse: one(flagValue),
    fallback: () => true,
    fallbackText: 'on',
  }),
  /** Hosts and networks that requests may have fetched from although they are not public. */
  allowFetch: setting({
    flag: 'allow-fetch',
    argument: 'host',
    description: 'host, host:port or network that may be fetched from although it is not public (repeatable)',
    separator: ',',
    takenFor: ['requests', 'pull'],
    parse: many(text),
    fallback: () => [],
  }),
  /** Signs webhooks whose request brings no secret of its own. */
  webhookSecret: optional({
    flag: 'webhook-secret',
    argument: 'secret',
    description: `signs webhooks whose request brings no secret: ${signingSecretForm}; give it by its variable, where no process list shows it`,
    takenFor: ['requests'],
    secret: 'whole',
    parse: one(signingSecret),
  }),
};
