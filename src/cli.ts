#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { report, run } from './cli/run.ts';

// How much of a function runs before it is compiled anew, optimized. By default the V8 of Node 20 does so with what loading the product runs,
// which takes an eighth of the processor time of a start; what a server runs all day passes this within milliseconds. Later ones weigh
// otherwise and do not know the flag.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000');

// What nobody awaited has left the state unknown: end rather than go on with it.
process.on('uncaughtException', (error) => process.exit(report(error)));
process.exitCode = await run(process.argv.slice(2));
