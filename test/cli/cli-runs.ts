import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CliIo } from '../../src/cli/cli-io.ts';
import { runCli } from '../../src/cli/run-cli.ts';

/** What one command line did. */
export interface CliRun {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** A folder of a test's own in which command lines are run. */
export interface CliFolder {
  readonly path: string;
  write(name: string, text: string | Buffer): void;
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<CliRun>;
  remove(): void;
}

/** Makes one; nothing of this process's environment reaches the command lines. */
export function cliFolder(): CliFolder {
  const path = mkdtempSync(join(tmpdir(), 'tollkeeper-cli-'));
  return {
    path,
    write: (name, text) => writeFileSync(join(path, name), text),
    run: async (words, environment = {}) => {
      let out = '';
      let err = '';
      const io: CliIo = {
        print: (text) => void (out += text),
        note: (text) => void (err += text),
        isTerminal: false,
        columns: 100,
        environment,
        folder: path,
      };
      const exitCode = await runCli(words, io);
      return { exitCode, out, err };
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
