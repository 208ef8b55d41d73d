import type { Command } from 'commander';

import { readEmbeddedSettings } from '../../embedded/settings.ts';
import { supervise } from '../../embedded/supervise.ts';
import { CliError, EXIT_WRONG_INPUT, ToldError } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { dataFolder } from '../session.ts';
import { installation } from '../start.ts';

const DEFAULT_PORT = 4400;
const PORT_MAX = 65_535;

const EXAMPLE = `
Example:
  $ tollkeeper start
  $ DATABASE_URL=postgres://user@db/tollkeeper tollkeeper start      with a PostgreSQL that runs elsewhere

Data stay in .tollkeeper (or TOLLKEEPER_DATA_FOLDER); a second start continues where the first stopped. The admin key is
printed once, on the first start, and kept in the data folder. Ctrl-C stops everything in order.`;

/** Adds `tollkeeper start`. */
export function addStartCommand(program: Command, io: CliIo): void {
  program
    .command('start')
    .summary('run everything on this machine until Ctrl-C')
    .description('Runs PostgreSQL, Redis, Temporal with its UI, the worker and the API on this machine until Ctrl-C.')
    .addHelpText('after', EXAMPLE)
    .action(async () => {
      const whole = installation({
        settings: { ...readEmbeddedSettings(io.environment), dataFolder: dataFolder(io) },
        environment: io.environment,
        apiPort: readApiPort(io, DEFAULT_PORT),
        onFirstAdminKey: (key, file) => io.print(firstKeyNotice(key, file)),
      });
      const supervision = supervise({ parts: whole.parts, onLine: (line) => io.note(`${line}\n`) });
      supervision.started.then(
        () => io.note('ready; Ctrl-C stops everything\n'),
        () => undefined,
      );
      const { exitCode, fault } = await supervision.finished;
      if (exitCode !== 0) throw new ToldError(fault ?? 'a part failed');
    });
}

function firstKeyNotice(key: string, file: string): string {
  return `\nAdmin key (shown this once, kept in ${file}):\n  ${key}\n\n`;
}

/** `TOLLKEEPER_PORT`, where the API listens. @throws CliError when it is no port */
function readApiPort(io: CliIo, otherwise: number): number {
  const text = io.environment['TOLLKEEPER_PORT'];
  if (text === undefined || text === '') return otherwise;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= PORT_MAX) return port;
  throw new CliError(`TOLLKEEPER_PORT is ${JSON.stringify(text)}: give a port from 1 to ${PORT_MAX}`, EXIT_WRONG_INPUT);
}
