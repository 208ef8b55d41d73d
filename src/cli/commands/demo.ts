import type { Command } from 'commander';

import type { CliIo } from '../cli-io.ts';

/** Adds `tollkeeper demo`. */
export function addDemoCommand(program: Command, _io: CliIo): void {
  program.command('demo');
}
