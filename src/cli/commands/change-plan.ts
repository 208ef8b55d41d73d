import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { PlanChangeView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption } from '../list-options.ts';
import { openClient, printAnswer } from '../session.ts';

interface ChangePlanOptions {
  readonly at: string;
  readonly reason?: string;
  readonly dryRun?: true;
}

/** Adds `change-plan`. */
export function addChangePlanCommand(program: Command, io: CliIo): void {
  program
    .command('change-plan')
    .summary('bring a tenant under another plan')
    .description(
      'Brings a tenant under another plan version, at once, with its next period, or at an instant whose period is not billed yet. ' +
        'What was planned for later is replaced. Shows what it means in money by the usage so far.',
    )
    .argument('<tenant>', 'its id')
    .argument('<plan>', 'its key, KEY@VERSION for another version than the newest', planOption)
    .option('--at <instant>', 'now, period_end or an instant', atOption, 'period_end')
    .option('--reason <text>', 'kept with the change')
    .option('--dry-run', 'show what it would mean without doing it')
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper change-plan acme pro --at now --dry-run\n  $ tollkeeper change-plan acme pro@2 --at 2026-12-15T12:00:00Z',
    )
    .action(async (tenant: string, plan: NamedPlan, options: ChangePlanOptions, command: Command) => {
      const { at, reason, dryRun = false } = options;
      const answer = await openClient(io, command).changePlan(tenant, { ...plan, at, reason, dryRun });
      printAnswer(io, command, answer, changeText(answer));
    });
}

/** Reads when a change takes effect. */
export function atOption(text: string): string {
  return text === 'now' || text === 'period_end' ? text : instantOption(text);
}

/** A plan, and perhaps which version of it. */
export interface NamedPlan {
  readonly plan: string;
  readonly version?: number;
}

/** Reads `KEY` or `KEY@VERSION`. */
export function planOption(text: string): NamedPlan {
  const [plan = '', version, ...rest] = text.split('@');
  if (plan === '' || rest.length > 0) throw new InvalidArgumentError('write it as KEY or KEY@VERSION.');
  if (version === undefined) return { plan };
  if (/^[1-9]\d{0,6}$/.test(version)) return { plan, version: Number(version) };
  throw new InvalidArgumentError('the version must be a whole number from 1 on.');
}

function changeText(answer: PlanChangeView): string {
  const { tenant, from, to, at, unchanged, dropped, quantities = [], dryRun, preview } = answer;
  const plan = `${to.key} version ${to.version}`;
  if (unchanged) return `${tenant} is under ${plan} from ${at} on already: nothing to change`;
  const before = from === null ? '' : `, ${from.key} version ${from.version} until then`;
  const lines = [`${tenant} ${dryRun ? 'would be' : 'is'} under ${plan} from ${at} on${before}`];
  for (const item of dropped) {
    lines.push(`in place of ${item.key} version ${item.version} from ${item.from}`);
  }
  if (quantities.length > 0) lines.push(`held another way with it: ${quantities.join(', ')}`);
  if (preview !== null) {
    const { currency, thisPeriod, wholePeriod } = preview;
    lines.push(
      `this period so far, from ${preview.period.start}: ${difference(thisPeriod, currency)}`,
      `the same usage in a whole period: ${difference(wholePeriod, currency)}`,
    );
  }
  if (dryRun) lines.push('dry run: nothing was changed');
  return lines.join('\n');
}

/** What is due before and after a change. */
export function difference(
  { before, after }: { readonly before: string | null; readonly after: string | null },
  currency: string,
): string {
  return `${before ?? 'cannot be rated'} → ${after ?? 'cannot be rated'} ${currency}`;
}
