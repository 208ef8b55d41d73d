import { CommanderError } from 'commander';

import { TollkeeperError } from '../client/index.ts';
import { EmbeddedError } from '../embedded/embedded-error.ts';

/** Exit codes: what was typed or given is wrong; something this command depends on failed. */
export const EXIT_WRONG_INPUT = 2;
export const EXIT_FAILED = 1;

/** A fault that is told in one line, without a stack: its message names the place and the cure. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_WRONG_INPUT, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

/** The end of a command whose fault was told when it happened, as the supervisor does. */
export class ToldError extends Error {
  override readonly name = 'ToldError';
}

/** How a command ends after an error: the exit code and what to print, `undefined` when it was printed already. */
export interface ErrorEnd {
  readonly exitCode: number;
  readonly line: string | undefined;
}

/** Statuses from which on the service, not the request, is at fault; 429 asks to come back. */
const SERVER_FAULT_STATUS = 500;

function exitCodeOf(error: TollkeeperError): number {
  if (error.code === 'invalid_url') return EXIT_WRONG_INPUT;
  return error.status === 0 || error.status === 429 || error.status >= SERVER_FAULT_STATUS || error.status < 400
    ? EXIT_FAILED
    : EXIT_WRONG_INPUT;
}

function authorityHint(error: TollkeeperError): string {
  if (error.status === 401) return ': give a key with --api-key or TOLLKEEPER_API_KEY';
  return '';
}

/** The API tells where to look in its own routes; a person at the command line is told the command. */
function asCommands(message: string): string {
  return message
    .replace(/GET \/v1\/tenants\/(\S+)\/cycles\b/, '`tollkeeper cycles $1`')
    .replace(/GET \/v1\/invoices\?tenant=(\S+)/, '`tollkeeper invoices --tenant $1`')
    .replace(/GET \/v1\/(tenants|invoices)\b(?!\/)/, '`tollkeeper $1`')
    .replace(/GET \/v1\/keys\b/, '`tollkeeper keys list`')
    .replace(/POST \/v1\/keys\b/, '`tollkeeper keys create`')
    .replace(/GET \/v1\/incidents\b/, '`tollkeeper incidents list`');
}

/** Turns whatever ended a command into its exit code and line. A fault nobody foresaw keeps its stack: it is a bug. */
export function describeError(error: unknown): ErrorEnd {
  if (error instanceof CommanderError) return describeCommanderError(error);
  if (error instanceof ToldError) return { exitCode: EXIT_FAILED, line: undefined };
  if (error instanceof CliError) return { exitCode: error.exitCode, line: oneLine(error.message) };
  if (error instanceof TollkeeperError) {
    // Most messages name their place already.
    const { path = '' } = error;
    const place = error.message.includes(path) ? '' : `${path}: `;
    return {
      exitCode: exitCodeOf(error),
      line: oneLine(asCommands(`${place}${error.message}${authorityHint(error)}`)),
    };
  }
  if (error instanceof EmbeddedError) return { exitCode: EXIT_FAILED, line: error.message };
  return { exitCode: EXIT_FAILED, line: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function describeCommanderError(error: CommanderError): ErrorEnd {
  // Help and version were asked for and have been printed; a bare group of commands prints its help as an error.
  if (error.exitCode === 0) return { exitCode: 0, line: undefined };
  if (error.code === 'commander.help') return { exitCode: EXIT_WRONG_INPUT, line: undefined };
  return { exitCode: EXIT_WRONG_INPUT, line: `${oneLine(error.message.replace(/^error: /, ''))} (see --help)` };
}

function oneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*(?=\()/g, ' ')
    .replace(/\s*\n\s*/g, '; ');
}
