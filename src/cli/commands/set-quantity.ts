import type { Command } from 'commander';

import type { QuantityChangeView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { openClient, printAnswer } from '../session.ts';
import { type HoldingOptions, holdingOptions, previewLines } from './add-ons.ts';

/** Adds `set-quantity`. */
export function addSetQuantityCommand(program: Command, io: CliIo): void {
  holdingOptions(program.command('set-quantity'))
    .summary('change how many seats a tenant holds')
    .description(
      'Changes how many of a fixed quantity of its plan or an add-on, such as seats, a tenant holds, from an instant on. Shows what it ' +
        'means in money.',
    )
    .argument('<tenant>', 'its id')
    .argument('<name>', 'the key of the fixed quantity')
    .argument('<quantity>', 'how many')
    .addHelpText('after', '\nExample:\n  $ tollkeeper set-quantity acme seats 12 --dry-run')
    .action(
      async (
        tenant: string,
        name: string,
        quantity: string,
        options: Omit<HoldingOptions, 'until'>,
        command: Command,
      ) => {
        const answer = await openClient(io, command).setQuantity(tenant, name, { quantity, ...options });
        printAnswer(io, command, answer, changeText(answer));
      },
    );
}

function changeText(answer: QuantityChangeView): string {
  const { tenant, name, from, to, at, unchanged, dryRun } = answer;
  if (unchanged) return `${tenant} holds ${to} ${name} from ${at} on already: nothing to change`;
  const held = `${tenant} ${dryRun ? 'would hold' : 'holds'} ${to} ${name} from ${at} on, ${from} until then`;
  return [held, ...previewLines(answer)].join('\n');
}
