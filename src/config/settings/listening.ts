import { optional, setting } from './setting.ts';
import { host, integer, many, network, one, origin, url } from './values.ts';

/** Where a process listens, and whom it answers. */
export const listening = {
  host: setting({
    flag: 'host',
    argument: 'address',
    description: 'address to listen on',
    takenFor: ['requests', 'worker'],
    parse: one(host),
    fallback: () => '127.0.0.1',
  }),
  port: setting({
    flag: 'port',
    argument: 'number',
    description: 'port to listen on; 0 takes any free one',
    aliases: ['PORT'],
    takenFor: ['requests'],
    parse: one((value) => integer(value, 0, 65535)),
    fallback: () => 7860,
  }),
  /** Port on which a worker answers for its health and its metrics; null for none. */
  metricsPort: optional({
    flag: 'metrics-port',
    argument: 'number',
    description: 'port on which a worker answers /livez, /readyz and /metrics, at --host; 0 takes any free one',
    takenFor: ['worker'],
    parse: one((value) => integer(value, 0, 65535)),
    fallbackText: 'none',
  }),
  /** Origin (and path) under which clients reach the server, without a trailing slash. */
  publicUrl: optional({
    flag: 'public-url',
    argument: 'url',
    description: 'address under which clients reach the server, for the links in answers',
    takenFor: ['requests'],
    parse: one((value) => url(value, ['http:', 'https:']).replace(/\/+$/, '')),
  }),
  corsOrigin: setting({
    flag: 'cors-origin',
    argument: 'origin',
    description: 'origin whose pages may call the API, or * (repeatable)',
    separator: ',',
    takenFor: ['requests'],
    parse: many(origin),
    fallback: () => [],
  }),
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. */
  trustedProxy: setting({
    flag: 'trusted-proxy',
    argument: 'address',
    description: 'proxy whose X-Forwarded-For is believed: an address or a network such as 10.0.0.0/8 (repeatable)',
    separator: ',',
    takenFor: ['requests'],
    parse: many(network),
    fallback: () => [],
  }),
};
