import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { AnchorChangeView, CountingView } from '../../client/index.ts';
import type { PeriodLength } from '../../domain/period-length.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption } from '../list-options.ts';
import { openClient, printAnswer } from '../session.ts';

interface SetAnchorOptions {
  readonly periodLength?: PeriodLength;
  readonly from?: string;
  readonly reason?: string;
  readonly dryRun?: true;
}

const LENGTHS: readonly string[] = ['year', 'month', 'week', 'day', 'hour', 'minute'] satisfies PeriodLength[];

/** Adds `set-anchor`. */
export function addSetAnchorCommand(program: Command, io: CliIo): void {
  program
    .command('set-anchor')
    .summary("change when a tenant's billing periods begin")
    .description(
      'Counts the billing periods of a tenant from another instant, from the end of the open period or a later one on. ' +
        'Between that and the first period of the new kind lies a shorter one, which pays its part of the fees. ' +
        'What was planned for later is replaced. Shows the periods around the change.',
    )
    .argument('<tenant>', 'its id')
    .argument('<instant>', 'when a period would begin, also an earlier or a later one', instantOption)
    .option('--period-length <length>', `${LENGTHS.join(', ')} (default: as it is)`, lengthOption)
    .option('--from <instant>', 'the end of a period (default: of the open one)', instantOption)
    .option('--reason <text>', 'kept with the change')
    .option('--dry-run', 'show the periods without changing them')
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper set-anchor acme 2027-01-01T00:00:00+01:00 --dry-run\n  $ tollkeeper set-anchor acme 2027-01-01 --period-length year',
    )
    .action(async (tenant: string, anchor: string, options: SetAnchorOptions, command: Command) => {
      const answer = await openClient(io, command).setAnchor(tenant, { anchor, ...options });
      printAnswer(io, command, answer, changeText(answer));
    });
}

function lengthOption(text: string): PeriodLength {
  if (LENGTHS.includes(text)) return text as PeriodLength;
  throw new InvalidArgumentError(`it must be one of ${LENGTHS.join(', ')}.`);
}

function changeText(answer: AnchorChangeView): string {
  const { tenant, from, before, after, unchanged, dropped, periods, dryRun } = answer;
  const lines = unchanged
    ? [`${tenant} is billed by ${countingText(after)} from ${from} on already: nothing to change`]
    : [
        `${tenant} ${dryRun ? 'would be' : 'is'} billed by ${countingText(after)} from ${from} on, by ${countingText(before)} until then`,
      ];
  for (const one of dropped) lines.push(`no longer planned: ${countingText(one)} from ${one.from}`);
  for (const { start, end, partOf } of periods) {
    const part = partOf === null ? '' : `, a part of ${partOf.start} to ${partOf.end}`;
    lines.push(`  ${start} to ${end}${part}`);
  }
  if (dryRun) lines.push('dry run: nothing was changed');
  return lines.join('\n');
}

function countingText({ anchor, periodLength }: CountingView): string {
  return `the ${periodLength} of ${anchor}`;
}
