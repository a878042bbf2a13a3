import { setting } from './setting.ts';
import { one, oneOf } from './values.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a process says. */
export const log = {
  logLevel: setting({
    flag: 'log-level',
    argument: 'level',
    description: logLevels.join(', '),
    takenFor: ['requests', 'worker'],
    parse: one((value) => oneOf(value, logLevels)),
    fallback: () => 'info',
  }),
};
