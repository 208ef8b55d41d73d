import type { Command } from 'commander';

import type { CycleView } from '../../client/index.ts';
import type { TollkeeperClient } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';

const COLUMNS: readonly Column<CycleView>[] = [
  { title: 'period', text: (cycle) => cycle.periodStart },
  { title: 'revision', right: true, text: (cycle) => String(cycle.revision) },
  { title: 'stage', text: (cycle) => cycle.stage },
  { title: 'invoice', text: (cycle) => cycle.invoiceNumber ?? '-' },
  { title: 'incidents', text: (cycle) => cycle.incidents.map(({ kind }) => kind).join(', ') },
  { title: 'updated', text: (cycle) => cycle.updatedAt },
  { title: 'workflow', text: (cycle) => cycle.workflowUrl ?? cycle.workflowId },
];

/** A command about one tenant. */
interface TenantAction {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly done: (tenant: string) => string;
  readonly run: (client: TollkeeperClient, tenant: string) => Promise<unknown>;
}

const TENANT_ACTIONS: readonly TenantAction[] = [
  {
    name: 'pause',
    summary: 'stop billing a tenant for now',
    description: 'Stops billing a tenant until it is resumed. Its usage goes on being counted.',
    done: (tenant) => `${tenant} is paused: metered, not billed`,
    run: (client, tenant) => client.pauseTenant(tenant),
  },
  {
    name: 'resume',
    summary: 'go on billing a paused tenant',
    description: 'Goes on billing a paused tenant. Cycles that are due close one after another.',
    done: (tenant) => `${tenant} is billed again`,
    run: (client, tenant) => client.resumeTenant(tenant),
  },
  {
    name: 'flush-now',
    summary: 'record the usage so far at once',
    description: 'Takes a checkpoint of the open period now: usage so far, spend, fresh state in the Temporal UI.',
    done: (tenant) => `${tenant}: checkpoint taken`,
    run: (client, tenant) => client.flushNow(tenant),
  },
];

/** A command about one cycle. */
interface CycleAction {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly reason: string | undefined;
  readonly done: string;
  readonly run: (client: TollkeeperClient, tenant: string, period: string, reason: string) => Promise<unknown>;
}

const CYCLE_ACTIONS: readonly CycleAction[] = [
  {
    name: 'close-now',
    summary: "end a period's late window at once",
    description: 'Ends the late window of an ended period, so that it is sealed and billed now.',
    reason: undefined,
    done: 'its late window is over',
    run: (client, tenant, period) => client.closeNow(tenant, period),
  },
  {
    name: 'approve',
    summary: 'let a held invoice be issued',
    description: 'Lets a held cycle go on to its invoice.',
    reason: 'approved by hand',
    done: 'approved',
    run: (client, tenant, period, reason) => client.approve(tenant, period, reason),
  },
  {
    name: 'reject',
    summary: 'end a held cycle without an invoice',
    description: 'Ends a held cycle without an invoice.',
    reason: 'rejected by hand',
    done: 'rejected',
    run: (client, tenant, period, reason) => client.reject(tenant, period, reason),
  },
];

/** Adds `cycles`, `pause`, `resume`, `flush-now`, `close-now`, `approve`, `reject`. */
export function addCycleCommands(program: Command, io: CliIo): void {
  program
    .command('cycles')
    .summary("list a tenant's billing cycles")
    .description("Lists a tenant's billing cycles, newest first.")
    .argument('<tenant>', 'its id')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper cycles acme')
    .action(async (tenant: string, options: { limit: number }, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit: options.limit,
        read: (page) => client.listCycles(tenant, page),
        columns: COLUMNS,
        nothing: `${tenant} has no cycles yet`,
      });
    });
  for (const action of TENANT_ACTIONS) addTenantAction(program, io, action);
  for (const action of CYCLE_ACTIONS) addCycleAction(program, io, action);
}

function addTenantAction(program: Command, io: CliIo, action: TenantAction): void {
  program
    .command(action.name)
    .summary(action.summary)
    .description(action.description)
    .argument('<tenant>', 'its id')
    .addHelpText('after', `\nExample:\n  $ tollkeeper ${action.name} acme`)
    .action(async (tenant: string, _options: object, command: Command) => {
      printAnswer(io, command, await action.run(openClient(io, command), tenant), action.done(tenant));
    });
}

function addCycleAction(program: Command, io: CliIo, action: CycleAction): void {
  const command = program
    .command(action.name)
    .summary(action.summary)
    .description(action.description)
    .argument('<tenant>', 'its id')
    .argument('<period>', 'the start of its period, as `cycles` shows it', instantOption)
    .addHelpText('after', `\nExample:\n  $ tollkeeper ${action.name} acme 2026-11-01T00:00:00Z`);
  if (action.reason !== undefined) command.option('--reason <text>', 'kept with the decision', action.reason);
  command.action(async (tenant: string, period: string, options: { reason?: string }) => {
    const answer = await action.run(openClient(io, command), tenant, period, options.reason ?? '');
    printAnswer(io, command, answer, `${tenant} ${period}: ${action.done}`);
  });
}
