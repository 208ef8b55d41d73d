import type { Command } from 'commander';

import type { CheckView, LimitState } from '../../client/index.ts';
import { CliError, EXIT_FAILED } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { openClient, printAnswer } from '../session.ts';
import { groupDigits, renderTable } from '../table.ts';

/** Adds `check`. */
export function addCheckCommand(program: Command, io: CliIo): void {
  program
    .command('check')
    .summary('ask whether a tenant may use more')
    .description(
      'Asks whether a tenant may use so much more of a meter now, and shows its limits. Takes nothing. ' +
        'Ends with exit code 1 when it may not.',
    )
    .argument('<tenant>', 'its id')
    .argument('<meter>', 'key of the meter; several with commas')
    .argument('[quantity]', 'how much more of each', '1')
    .option('--property <name=value...>', 'a property of the usage, for limits on each value of a dimension')
    .option('--cost', 'say what it would cost')
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper check acme calls 25\n  $ tollkeeper check acme calls --property project=atlas\n  $ tollkeeper check acme calls 25 --cost',
    )
    .action(async (tenant: string, meter: string, quantity: string, options: CheckOptions, command: Command) => {
      const meters = meter.split(',');
      const properties = options.property === undefined ? undefined : readProperties(options.property);
      const answer = await openClient(io, command).check({
        tenant,
        meter: meters,
        quantity,
        properties,
        cost: options.cost,
      });
      printAnswer(io, command, answer, checkText(answer));
      if (answer.allowed) return;
      const what = `${quantity} of ${meters.join(', ')}`;
      throw new CliError(`${tenant} may not use ${what} now: ${answer.reason ?? 'refused'}`, EXIT_FAILED);
    });
}

interface CheckOptions {
  readonly property?: readonly string[];
  readonly cost?: true;
}

/** `name=value`: the value is text. */
function readProperties(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      if (name === '' || value.length === 0) {
        throw new CliError(`--property ${pair} is not understood: write name=value`);
      }
      return [name, value.join('=')];
    }),
  );
}

function checkText({ allowed, limits, cost, costReason }: CheckView): string {
  const head = `${allowed ? 'allowed' : 'not allowed'}${costText(cost, costReason)}`;
  if (limits.length === 0) return `${head}; no limit holds`;
  const columns = [
    { title: 'meter' },
    { title: 'window' },
    { title: 'used', right: true },
    { title: 'limit', right: true },
    { title: 'remaining', right: true },
    { title: 'resets at' },
  ];
  return `${head}\n\n${renderTable(columns, limits.map(limitRow))}`;
}

/** The exact amount: a fraction of a cent is not nothing. */
function costText(cost: CheckView['cost'], reason = 'it is not known'): string {
  if (cost === undefined) return '';
  return cost === null ? `; what it costs is not known: ${reason}` : `; costs ${cost.amount} ${cost.currency}`;
}

function limitRow({ meter, window, dimension, value, used, limit, remaining, resetsAt }: LimitState): string[] {
  const what = dimension === undefined ? meter : `${meter} of ${dimension} ${JSON.stringify(value)}`;
  return [what, window, groupDigits(used), groupDigits(limit), groupDigits(remaining), resetsAt];
}
