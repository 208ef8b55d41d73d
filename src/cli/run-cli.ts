import { describeError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { buildProgram } from './program.ts';
import { plainText } from './table.ts';

/**
 * Runs one command line to its end and answers its exit code: 0 done, 1 something it depends on failed or refused, 2 what was typed
 * or given is wrong. Faults are told in one line on standard error.
 * @param words the command line behind the program's name
 */
export async function runCli(words: readonly string[], io: CliIo): Promise<number> {
  try {
    await buildProgram(io).parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    const { exitCode, line } = describeError(error);
    if (line !== undefined) io.note(`tollkeeper: ${plainText(line)}\n`);
    return exitCode;
  }
}
