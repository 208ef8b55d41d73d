import type { Command } from 'commander';

import type { AddOnChangeView, TimelinePreviewView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption } from '../list-options.ts';
import { openClient, printAnswer } from '../session.ts';
import { atOption, difference, type NamedPlan, planOption } from './change-plan.ts';

/** When a change of what a tenant holds takes effect, and whether it is only looked at. */
export interface HoldingOptions {
  readonly at: string;
  readonly until?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** Adds `add-on add` and `add-on remove`. */
export function addAddOnCommands(program: Command, io: CliIo): void {
  const addOn = program
    .command('add-on')
    .summary('plans that a tenant holds beside its own')
    .description(
      'Gives tenants add-ons, which are plans beside their own, and takes them. Shows what it means in money.',
    )
    .helpCommand(false);
  holdingOptions(addOn.command('add'))
    .description('Gives a tenant an add-on from an instant on. What was planned of it for later is replaced.')
    .argument('<tenant>', 'its id')
    .argument('<add-on>', 'its key, KEY@VERSION for another version than the newest', planOption)
    .option('--until <instant>', 'where it ends (default: it stays)', instantOption)
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper add-on add acme support --dry-run\n  $ tollkeeper add-on add acme support@2 --at period_end',
    )
    .action(async (tenant: string, { plan, ...version }: NamedPlan, options: HoldingOptions, command: Command) => {
      const answer = await openClient(io, command).addAddOn(tenant, { addOn: plan, ...version, ...options });
      printAnswer(io, command, answer, changeText(answer));
    });
  holdingOptions(addOn.command('remove'))
    .description('Takes an add-on from a tenant from an instant on: it is billed for the time until then.')
    .argument('<tenant>', 'its id')
    .argument('<add-on>', 'its key')
    .addHelpText('after', '\nExample:\n  $ tollkeeper add-on remove acme support --at period_end')
    .action(async (tenant: string, key: string, options: HoldingOptions, command: Command) => {
      const answer = await openClient(io, command).endAddOn(tenant, key, options);
      printAnswer(io, command, answer, changeText(answer));
    });
}

/** Adds the options that every change of what a tenant holds has. */
export function holdingOptions(command: Command): Command {
  return command
    .option('--at <instant>', 'now, period_end or an instant', atOption, 'now')
    .option('--reason <text>', 'kept with the change')
    .option('--dry-run', 'show what it would mean without doing it');
}

function changeText(answer: AddOnChangeView): string {
  const { tenant, addOn, from, to, at, until, unchanged } = answer;
  const would = answer.dryRun ? 'would hold' : 'holds';
  if (to === null) {
    if (unchanged) return `${tenant} does not hold ${addOn} from ${at} on already: nothing to change`;
    return [`${tenant} ${would} ${addOn} no more from ${at} on${endingText(answer)}`, ...previewLines(answer)].join(
      '\n',
    );
  }
  const held = `${to.key} version ${to.version} from ${at} ${until === null ? 'on' : `until ${until}`}`;
  if (unchanged) return `${tenant} holds ${held} already: nothing to change`;
  const before = from === null ? '' : `, version ${from.version} until then`;
  return [`${tenant} ${would} ${held}${before}`, ...previewLines(answer)].join('\n');
}

/** What was held of an add-on goes with it, and is not there again when it comes back. */
function endingText({ quantities = [] }: AddOnChangeView): string {
  return quantities.length === 0 ? '' : `, nor what it held of ${quantities.join(', ')}`;
}

/** What a change means in money, line by line. */
export function previewLines({
  preview,
  dryRun,
}: {
  readonly preview: TimelinePreviewView | null;
  readonly dryRun: boolean;
}): readonly string[] {
  const note = dryRun ? ['dry run: nothing was changed'] : [];
  if (preview === null) return note;
  const { period, thisPeriod, currency } = preview;
  return [`this period so far, from ${period.start}: ${difference(thisPeriod, currency)}`, ...note];
}
