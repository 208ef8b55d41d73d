/**
 * A fault that a person can mend: something is missing on this machine, a port is taken, a data folder belongs to
 * somebody else. The message says what, where and what to do, so entry points print it alone, without a stack.
 */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}

/** Receives one line of progress or explanation meant for the person who started the program. */
export type Say = (line: string) => void;

/** The usual place for such lines: standard error, so that standard output stays the program's own. */
export const sayOnStderr: Say = (line) => {
  process.stderr.write(`${line}\n`);
};

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
