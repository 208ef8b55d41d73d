import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import type { PriceChangeView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { readFault } from '../import/read-csv.ts';
import { instantOption } from '../list-options.ts';
import { openClient, printAnswer } from '../session.ts';
import { type HoldingOptions, holdingOptions, previewLines } from './add-ons.ts';

interface SetPriceOptions extends HoldingOptions {
  readonly remove?: boolean;
}

/** Adds `set-price`. */
export function addSetPriceCommand(program: Command, io: CliIo): void {
  holdingOptions(program.command('set-price'))
    .summary('give a tenant a price of its own')
    .description(
      'Gives a tenant a charge of its own from an instant on, in place of the one with its key in its plan or add-ons, also after a ' +
        'change of plan. The charge is written as in a catalogue file. Shows what it means in money.',
    )
    .argument('<tenant>', 'its id')
    .argument('<charge>', 'a YAML file, or the charge itself in braces; with --remove: its key')
    .option('--until <instant>', 'where it ends (default: it stays)', instantOption)
    .option('--remove', "end it: the plan's price holds again")
    .addHelpText(
      'after',
      "\nExample:\n  $ tollkeeper set-price acme '{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.002 } }' --dry-run" +
        '\n  $ tollkeeper set-price acme calls --remove --at period_end',
    )
    .action(async (tenant: string, charge: string, options: SetPriceOptions, command: Command) => {
      const { remove = false, until, ...change } = options;
      const client = openClient(io, command);
      const answer = remove
        ? await client.endPrice(tenant, charge, change)
        : await client.setPrice(tenant, { charge: await chargeYaml(io, charge), until, ...change });
      printAnswer(io, command, answer, changeText(answer));
    });
}

/** The YAML of a charge: it is read by the service, which keeps every digit. */
async function chargeYaml(io: CliIo, given: string): Promise<string> {
  if (given.trimStart().startsWith('{')) return given;
  return readFile(resolve(io.folder, given), 'utf8').catch((error: unknown) => {
    throw readFault(given, error);
  });
}

function changeText(answer: PriceChangeView): string {
  const { tenant, charge, plan, from, to, at, until, unchanged, dryRun } = answer;
  const now = to ?? 'not charged';
  if (unchanged) return `${charge} of ${tenant} from ${at} on: ${now}, as it is already: nothing to change`;
  const where = plan === null ? '' : `, in ${plan}`;
  return [
    `${charge} of ${tenant}${dryRun ? ' would be' : ''} from ${at} ${until === null ? 'on' : `until ${until}`}${where}:`,
    `  before  ${from ?? 'not charged'}`,
    `  after   ${now}`,
    ...previewLines(answer),
  ].join('\n');
}
