import type { Command } from 'commander';

import type { CliIo } from '../cli-io.ts';
import { instantOption } from '../list-options.ts';
import { openClient, printAnswer } from '../session.ts';
import { groupDigits } from '../table.ts';

interface CountBackOptions {
  readonly to: string;
  readonly tenant?: string;
}

/** Requests that are made at most, each of up to 120,000 events. */
const REQUESTS_MAX = 1_000;

/** Adds `count-back`. */
export function addCountBackCommand(program: Command, io: CliIo): void {
  program
    .command('count-back')
    .summary('let a new meter read events that came before it')
    .description(
      'Lets a meter of one version read the accepted events of open periods, back to an instant. Safe to repeat.',
    )
    .argument('<meter>', 'its key')
    .requiredOption('--to <instant>', 'the instant of the oldest events', instantOption)
    .option('--tenant <id>', 'only of this tenant')
    .addHelpText('after', '\nExample:\n  $ tollkeeper count-back credits --to 2026-11-01')
    .action(async (meter: string, range: CountBackOptions, command: Command) => {
      const client = openClient(io, command);
      const sum = { counted: 0, unreadable: 0 };
      let cursor: string | null | undefined;
      for (let request = 0; request < REQUESTS_MAX && cursor !== null; request += 1) {
        const answer = await client.countBack(meter, { ...range, ...(cursor === undefined ? {} : { cursor }) });
        sum.counted += answer.counted;
        sum.unreadable += answer.unreadable;
        cursor = answer.nextCursor;
      }
      const unreadable = sum.unreadable === 0 ? '' : `, ${groupDigits(String(sum.unreadable))} could not be read`;
      const rest = cursor === null ? '' : '; there are more: ask again';
      const text = `${meter} counted ${groupDigits(String(sum.counted))} events${unreadable}${rest}`;
      printAnswer(io, command, { meter, ...sum, isComplete: cursor === null }, text);
    });
}
