/** What a command has of the outside world, so that tests can give it another one. */
export interface CliIo {
  /** Writes to standard output: what was asked for. */
  readonly print: (text: string) => void;
  /** Writes to standard error: progress and faults. */
  readonly note: (text: string) => void;
  /** Whether standard error is a terminal that can show a progress bar. */
  readonly isTerminal: boolean;
  /** Columns to fold help at. */
  readonly columns: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths and `.tollkeeper` are in. */
  readonly folder: string;
}

/** The real one. */
export function processIo(): CliIo {
  return {
    print: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    columns: process.stdout.columns ?? 100,
    environment: process.env,
    folder: process.cwd(),
  };
}
