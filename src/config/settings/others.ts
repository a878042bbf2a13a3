import { optional, setting } from './setting.ts';
import { one, text, url } from './values.ts';

/** Which servers commands speak to. */
export const others = {
  /** A running server that commands such as `jobs` talk to, without a trailing slash. */
  server: setting({
    flag: 'server',
    argument: 'url',
    description: 'running server to talk to',
    takenFor: ['client'],
    parse: one((value) => url(value, ['http:', 'https:']).replace(/\/+$/, '')),
    fallback: () => 'http://127.0.0.1:7860',
    fallbackText: 'the one that runs on the data folder, else http://127.0.0.1:7860',
  }),
  /** The key that commands show to a running server. */
  apiKey: optional({
    flag: 'api-key',
    argument: 'key',
    description: 'API key to show to the server; better given by its variable, where no process list shows it',
    takenFor: ['client'],
    secret: 'whole',
    parse: one(text),
  }),
  /** Model hub, without a trailing slash. */
  hub: setting({
    flag: 'hub',
    argument: 'url',
    description: 'model hub to pull from',
    takenFor: ['pull'],
    parse: one((value) => url(value, ['http:', 'https:']).replace(/\/+$/, '')),
    fallback: () => 'https://huggingface.co',
  }),
  hubToken: optional({
    flag: 'hub-token',
    argument: 'token',
    description: 'token for models that the hub gives to some only; sent to the hub and nowhere else',
    takenFor: [],
    secret: 'whole',
    parse: one(text),
  }),
};
