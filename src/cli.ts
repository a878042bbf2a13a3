#!/usr/bin/env node
import { report, run } from './cli/run.ts';

// What nobody awaited has left the state unknown: end rather than go on with it.
process.on('uncaughtException', (error) => process.exit(report(error)));
process.exitCode = await run(process.argv.slice(2));
