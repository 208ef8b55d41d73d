import { type CatalogueSnapshot, planAt, type TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { formatInstant, MICROS_PER_SECOND, requireInstant, type EpochMicros } from '../src/domain/instant.ts';
import { formatMinor } from '../src/domain/money.ts';
import { closeCycleId } from '../src/domain/workflow-names.ts';
import { busyCycleBefore, lastCycleStart, openCycle } from '../src/ledger/billing-cycles.ts';
import { readCheckpoint, saveCheckpoint, type SavedCheckpoint } from '../src/ledger/checkpoints.ts';
import { inTransaction } from '../src/ledger/database.ts';
import { ensurePeriods, type LedgerPeriod, readPeriod, readPeriods } from '../src/ledger/periods.ts';
import { sumUsage } from '../src/ledger/sum-usage.ts';
import { changePause, isPaused } from '../src/ledger/tenant-pause.ts';
import { rateInvoice } from '../src/rating/rate-invoice.ts';
import type {
  Checkpoint,
  OpenPeriod,
  OpenPeriodAnswer,
  PauseOrder,
  PlanName,
  PeriodRef,
  StartCycleAnswer,
  TenantActivities,
} from './answers.ts';
import type { BillingDeps } from './billing-deps.ts';
import { changeTenantPlan } from './change-tenant-plan.ts';
import { foreseeAround } from './gather-around.ts';
import { gatherInputs } from './gather-inputs.ts';
import { addReachedAlerts, newestAlerts, recordAlerts } from './record-alerts.ts';
import { checkpointIntervalMs, spreadMs } from './spread.ts';

const MICROS_PER_MS = MICROS_PER_SECOND / 1_000;
/** A calendar of minutes that was paused for half a year is caught up with within one call. */
const ENSURE_PERIODS_CALLS_MAX = 32;
const CHECKPOINT_DRAIN_MS = 10_000;

/** Activities of `tenantBilling`. Each reads what is committed now; none believes what a workflow remembers. */
export function createTenantActivities(deps: BillingDeps): TenantActivities {
  return {
    openPeriod: ({ tenant }) => openPeriod(deps, tenant),
    flushCheckpoint: (order) => flushCheckpoint(deps, order),
    startCycle: (order) => startCycle(deps, order),
    setPaused: (order) => setPaused(deps, order),
    changePlan: (order) => changeTenantPlan(deps, order),
    recordAlerts: (order) => recordAlerts(deps, order),
  };
}

async function openPeriod(deps: BillingDeps, tenant: string): Promise<OpenPeriodAnswer> {
  const catalogue = await deps.readCatalogue();
  const entry = tenantEntry(catalogue, tenant);
  await makePeriods(deps, entry);
  const lastStarted = await lastCycleStart(deps.pool, tenant);
  const [period] = await readPeriods(deps.pool, tenant, {
    from: lastStarted === undefined ? entry.billingStartMicros : await endOfPeriod(deps, tenant, lastStarted),
  });
  if (period === undefined) return { status: 'ended' };
  const periodStart = formatInstant(period.startMicros);
  const saved = await readCheckpoint(deps.pool, { tenant, periodStart });
  return {
    status: 'open',
    periodStart,
    ...endOf(tenant, period),
    plan: planNameAt(entry, Math.min(Math.max(deps.clock(), period.startMicros), period.endMicros - 1)),
    paused: (await isPaused(deps.pool, tenant)) ?? false,
    lastCheckpoint: saved === undefined ? null : checkpointAnswer(entry, saved, null),
    alerts: await newestAlerts(deps.pool, { tenant, periodStart }, catalogue),
    nextCheckpointMs: await firstCheckpointMs(deps, tenant, period),
  };
}

async function endOfPeriod(deps: BillingDeps, tenant: string, periodStart: EpochMicros): Promise<EpochMicros> {
  const period = await readPeriod(deps.pool, tenant, periodStart);
  if (period === undefined) throw new Error(`tenant ${tenant} has a cycle for ${periodStart}, but no such period`);
  return period.endMicros;
}

async function makePeriods(deps: BillingDeps, entry: TenantEntry): Promise<void> {
  for (let call = 0; call < ENSURE_PERIODS_CALLS_MAX; call += 1) {
    const made = await inTransaction(deps.pool, (client) =>
      ensurePeriods(client, entry.tenant.id, entry.calendar, deps.clock()),
    );
    if (made.complete) return;
  }
}

function endOf(tenant: string, period: LedgerPeriod): Pick<OpenPeriod, 'periodEnd' | 'closeAtMs'> {
  return { periodEnd: formatInstant(period.endMicros), closeAtMs: closeAtMs(tenant, period) };
}

/** The period's end as the workflow's clock sees it (never before it), and the tenant's share of the spread. */
function closeAtMs(tenant: string, period: LedgerPeriod): number {
  return Math.ceil(period.endMicros / MICROS_PER_MS) + spreadMs(tenant, periodMs(period));
}

function periodMs(period: LedgerPeriod): number {
  return Math.floor((period.endMicros - period.startMicros) / MICROS_PER_MS);
}

/** A tenant with usage is checkpointed from the beginning; an idle one when its first event pokes it. */
async function firstCheckpointMs(deps: BillingDeps, tenant: string, period: LedgerPeriod): Promise<number | null> {
  const nowMs = deps.clock() / MICROS_PER_MS;
  if (nowMs >= closeAtMs(tenant, period)) return null;
  const used = await sumUsage(deps.pool, { tenant, accountingPeriod: period.startMicros });
  return used.length === 0 ? null : Math.floor(nowMs) + checkpointIntervalMs(periodMs(period));
}

async function flushCheckpoint(deps: BillingDeps, { tenant, periodStart }: PeriodRef): Promise<Checkpoint> {
  const shard = deps.meter.shardOf(tenant);
  const catalogue = await deps.readCatalogue();
  const entry = tenantEntry(catalogue, tenant);
  // Cleared before the usage is read: an event that comes in between makes the tenant dirty again, and none is missed.
  await deps.meter.clearDirty(tenant);
  await deps.drain.until(shard, await deps.meter.readFence(shard), CHECKPOINT_DRAIN_MS);
  const earlier = await readCheckpoint(deps.pool, { tenant, periodStart });
  const { saved, isRated, alerts } = await inTransaction(deps.pool, async (client) => {
    const identity = { tenant, kind: 'cycle', occasion: periodStart, revision: 0 } as const;
    const gathered = await gatherInputs(client, { catalogue, identity, shard });
    const around = 'inputs' in gathered ? await foreseeAround(client, gathered.inputs) : gathered;
    const rated = 'inputs' in around ? rateInvoice(around.inputs) : undefined;
    const sums = await sumUsage(client, { tenant, accountingPeriod: requireInstant(periodStart) });
    const own = sums.filter(({ usagePeriodMicros }) => usagePeriodMicros === requireInstant(periodStart));
    const checkpoint: SavedCheckpoint = {
      atMicros: deps.clock(),
      usage: own.map(({ meter, quantity }) => ({ meter, quantity, unit: catalogue.meters.get(meter)?.unit ?? '' })),
      spendMinor: rated !== undefined && 'content' in rated ? rated.content.totalMinor : '0',
    };
    await saveCheckpoint(client, { tenant, periodStart }, checkpoint);
    // What a lost signal has missed is found here.
    const found = await addReachedAlerts(client, { tenant, periodStart, catalogue, sums, now: checkpoint.atMicros });
    return { saved: checkpoint, isRated: rated !== undefined && 'content' in rated, alerts: found };
  });
  deps.onAlerts?.(alerts.added);
  const period = await readPeriod(deps.pool, tenant, requireInstant(periodStart));
  const answer = {
    ...checkpointAnswer(entry, saved, period === undefined ? null : nextCheckpointMs(period, earlier, saved)),
    alerts: alerts.newest,
    plan: planNameAt(entry, saved.atMicros),
    ...(period === undefined ? {} : { end: endOf(tenant, period) }),
  };
  // A zero that means "cannot be rated" would be read as a bill of nothing.
  return isRated ? answer : { ...answer, spend: null };
}

/** A tenant whose usage did not grow since the last checkpoint is idle: it costs nothing until its next event. */
function nextCheckpointMs(
  period: LedgerPeriod,
  earlier: SavedCheckpoint | undefined,
  saved: SavedCheckpoint,
): number | null {
  if (usageText(earlier) === usageText(saved)) return null;
  return Math.floor(saved.atMicros / MICROS_PER_MS) + checkpointIntervalMs(periodMs(period));
}

function usageText(checkpoint: SavedCheckpoint | undefined): string {
  return (checkpoint?.usage ?? []).map(({ meter, quantity }) => `${meter} ${quantity}`).join();
}

function checkpointAnswer(entry: TenantEntry, saved: SavedCheckpoint, nextAtMs: number | null): Checkpoint {
  const { currency } = entry.tenant;
  return {
    at: formatInstant(saved.atMicros),
    usage: saved.usage,
    spend: `${formatMinor(BigInt(saved.spendMinor), currency)} ${currency}`,
    nextAtMs,
  };
}

async function startCycle(deps: BillingDeps, { tenant, periodStart }: PeriodRef): Promise<StartCycleAnswer> {
  const now = deps.clock();
  if (await isPaused(deps.pool, tenant)) return { status: 'paused' };
  const busy = await busyCycleBefore(deps.pool, { tenant, periodStart, now });
  if (busy !== undefined) return { status: 'notYet', reason: `the cycle of ${busy} to be finished` };
  const workflowId = closeCycleId(tenant, periodStart, 0);
  await openCycle(deps.pool, { tenant, periodStart, revision: 0, workflowId }, now);
  await startCycleWorkflow(deps, { tenant, periodStart, revision: 0 });
  return { status: 'started', workflowId };
}

/** Starts the workflow of a cycle whose row is there. Idempotent: the sweep calls it for cycles that nobody works at. */
export async function startCycleWorkflow(deps: BillingDeps, cycle: PeriodRef & { revision: number }): Promise<void> {
  const { tenant, periodStart, revision } = cycle;
  const entry = tenantEntry(await deps.readCatalogue(), tenant);
  const period = await readPeriod(deps.pool, tenant, requireInstant(periodStart));
  if (period === undefined) throw new Error(`tenant ${tenant} has no period that starts at ${periodStart}`);
  await deps.workflows.startCycle(closeCycleId(tenant, periodStart, revision), {
    tenant,
    periodStart,
    periodEnd: formatInstant(period.endMicros),
    revision,
    planKey: planAt(entry, period.startMicros)?.key ?? null,
    sealAtMs: closeAtMs(tenant, period) + entry.tenant.lateWindowSeconds * 1_000,
  });
}

/** The plan that holds at an instant. A period that is over is shown with its last one. */
function planNameAt(entry: TenantEntry, instantMicros: EpochMicros): PlanName | null {
  const plan = planAt(entry, instantMicros) ?? entry.plans.at(-1)?.plan;
  return plan === undefined ? null : { key: plan.key, version: plan.version, name: plan.name };
}

async function setPaused(deps: BillingDeps, order: PauseOrder): Promise<{ readonly paused: boolean }> {
  await inTransaction(deps.pool, (client) => changePause(client, order, deps.clock()));
  return { paused: order.paused };
}

function tenantEntry(catalogue: CatalogueSnapshot, tenant: string): TenantEntry {
  const entry = catalogue.tenants.get(tenant);
  if (entry === undefined) throw new Error(`the catalogue does not know the tenant ${tenant}`);
  return entry;
}
