#!/usr/bin/env node
import { processIo } from './cli-io.ts';
import { runCli } from './run-cli.ts';

// Set, not exited with: what is still being written to a pipe is written to its end.
process.exitCode = await runCli(process.argv.slice(2), processIo());
