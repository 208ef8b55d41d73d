import type { CycleStage } from '../src/domain/cycle.ts';
import { formatInstant, requireInstant } from '../src/domain/instant.ts';
import { closeCycleId, tenantBillingId } from '../src/domain/workflow-names.ts';
import { invoiceId } from '../src/invoice/invoice-digests.ts';
import { readInvoiceStatus } from '../src/invoice/read-invoice.ts';
import { JournalGapError } from '../src/journal/journal-errors.ts';
import { moveCycle, readCycleStage } from '../src/ledger/billing-cycles.ts';
import { readStep, saveStep } from '../src/ledger/billing-steps.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { inTransaction } from '../src/ledger/database.ts';
import { countOpenDeadLetters } from '../src/ledger/dead-letters.ts';
import { recordIncident } from '../src/ledger/incidents.ts';
import { formatPosition, type JournalPosition, lastDrained } from '../src/ledger/journal-position.ts';
import { readPeriod } from '../src/ledger/periods.ts';
import { PeriodOrderError, recordSealFence, type Seal, sealPeriod } from '../src/ledger/seal-period.ts';
import { strayPeriods } from '../src/ledger/stray-usage.ts';
import { sumRawUsage } from '../src/ledger/sum-raw-usage.ts';
import { sumHourlyUsage, sumUsage } from '../src/ledger/sum-usage.ts';
import { isPaused } from '../src/ledger/tenant-pause.ts';
import { pushInvoice } from '../src/stripe/push-invoice.ts';
import type { BarrierAnswer, CycleActivities, CycleRef, FinishAnswer, ReconcileAnswer, SealAnswer } from './answers.ts';
import type { BillingDeps } from './billing-deps.ts';
import { boundedReasons } from './bounded-reasons.ts';
import type { CloseCycleStep } from './close-cycle-steps.ts';
import { heartbeating } from './heartbeating.ts';
import { createInvoiceActivities, identityOf } from './invoice-activities.ts';
import { type Comparison, compareThreeWays, describeDrift } from './reconcile.ts';
import { recordAlertsInLedger } from './record-alerts.ts';
import { stepKey } from './step-key.ts';

/** The barrier of one attempt; what was drained is kept, and the activity is simply repeated. */
const BARRIER_TIMEOUT_MS = 60_000;
/** Nobody reads the counters of a billed period; they stay for a look at what happened. */
const COUNTERS_KEPT_SECONDS = 35 * 86_400;

/** Activities of `closeCycle`: each joins stations for one step, and may be repeated at any time. */
export function createCycleActivities(deps: BillingDeps): CycleActivities {
  return {
    sealPeriod: heartbeating((cycle) => seal(deps, cycle)),
    passBarrier: heartbeating((cycle) => passBarrier(deps, cycle)),
    reconcileUsage: heartbeating((cycle) => reconcile(deps, cycle)),
    ...createInvoiceActivities(deps),
    finishCycle: heartbeating((cycle) => finish(deps, cycle)),
  };
}

/** PostgreSQL first, then the gate in Redis, then the fence that was read after the gate had moved. */
async function seal(deps: BillingDeps, cycle: CycleRef): Promise<SealAnswer> {
  const { tenant, periodStart } = cycle;
  const order = { tenant, periodStart: requireInstant(periodStart) };
  const sealed = await sealInLedger(deps, cycle);
  if (typeof sealed === 'string') return { status: 'notYet', reason: sealed };
  const { gateVersion, sealedThroughMicros } = sealed;
  const moved = await deps.meter.advanceGate(tenant, { version: gateVersion, sealedMicros: sealedThroughMicros });
  const fence = await inTransaction(deps.pool, async (client) => {
    const kept = await recordSealFence(client, { ...order, fence: moved });
    await keepStep(client, deps, cycle, 'seal', { gateVersion, fence: formatPosition(kept) });
    await moveCycle(client, cycle, 'reconciling', deps.clock());
    return kept;
  });
  await deps.afterEffect?.('seal');
  await deps.workflows.poke(closeCycleId(tenant, sealed.sealedThrough, 0));
  return {
    status: 'sealed',
    gateVersion: String(gateVersion),
    fence: { shard: deps.meter.shardOf(tenant), epoch: String(fence.epoch), sequence: String(fence.sequence) },
  };
}

/** Answers the seal, or a sentence that says what it waits for. */
async function sealInLedger(deps: BillingDeps, cycle: CycleRef): Promise<Seal | string> {
  const { tenant } = cycle;
  const periodStart = requireInstant(cycle.periodStart);
  const period = await readPeriod(deps.pool, tenant, periodStart);
  const isSealed = period !== undefined && period.sealedGateVersion !== null;
  if (!isSealed && (await isPaused(deps.pool, tenant))) return 'the tenant is paused: resume it';
  try {
    return await inTransaction(deps.pool, async (client) => {
      await moveCycle(client, cycle, 'sealing', deps.clock());
      return sealPeriod(client, { tenant, periodStart });
    });
  } catch (error) {
    if (error instanceof PeriodOrderError) return error.message;
    throw error;
  }
}

async function passBarrier(deps: BillingDeps, cycle: CycleRef): Promise<BarrierAnswer> {
  const position = await reachFence(deps, cycle.tenant, await sealFence(deps, cycle));
  const answer = { position: formatPosition(position) };
  // Everything the period will ever have is in the ledger: what no signal and no checkpoint has told is found now.
  await recordAlertsInLedger(deps, cycle);
  await inTransaction(deps.pool, (client) => keepStep(client, deps, cycle, 'barrier', answer));
  await deps.afterEffect?.('barrier');
  return answer;
}

/**
 * A journal that ends before the fence belongs to a Redis that was emptied: it is given its epoch, and the ledger has passed
 * the fence. What was lost with it is found when the accounts are compared.
 */
async function reachFence(deps: BillingDeps, tenant: string, fence: JournalPosition): Promise<JournalPosition> {
  const shard = deps.meter.shardOf(tenant);
  try {
    return await deps.drain.until(shard, fence, BARRIER_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof JournalGapError) || error.found !== null) throw error;
  }
  await rebuildAfterLoss(deps, tenant);
  return deps.drain.until(shard, fence, BARRIER_TIMEOUT_MS);
}

async function sealFence(deps: BillingDeps, { tenant, periodStart }: CycleRef): Promise<JournalPosition> {
  const period = await readPeriod(deps.pool, tenant, requireInstant(periodStart));
  const fence = period?.sealFence;
  if (fence === undefined || fence === null) throw new Error(`tenant ${tenant}: ${periodStart} is not sealed`);
  return fence;
}

/** Compares before anything is repaired: a difference that nobody can explain must be seen as it is. */
async function reconcile(deps: BillingDeps, cycle: CycleRef): Promise<ReconcileAnswer> {
  const earlier = await readStep<ReconcileAnswer>(deps.pool, stepKey(cycle, 'reconcile'));
  if (earlier !== undefined) return earlier;
  const { tenant, periodStart } = cycle;
  const shard = deps.meter.shardOf(tenant);
  const { comparison, repairs } = await compareValid(deps, cycle);
  const deadLetters = await countOpenDeadLetters(deps.pool, { tenant, shard });
  const loss = await lossBeforeSeal(deps, cycle);
  const period = await readPeriod(deps.pool, tenant, requireInstant(periodStart));
  const strays = period === undefined ? [] : await strayPeriods(deps.pool, tenant, period);
  const holdReasons = [
    ...(loss === undefined ? [] : [describeLoss(loss)]),
    ...comparison.drift.map(describeDrift),
    ...strays.map((stray) => `usage is booked to ${formatInstant(stray)}, where no period begins: no bill has it`),
    ...(deadLetters === 0 ? [] : [`${deadLetters} dead letters are unresolved: the ledger may lack usage`]),
  ];
  const { compared } = comparison;
  const answer: ReconcileAnswer = { compared, holdReasons: boundedReasons(holdReasons), repairs };
  const kept = await inTransaction(deps.pool, async (client) => {
    if (comparison.drift.length > 0) {
      const details = { periodStart, drift: comparison.drift };
      await recordIncident(client, { kind: 'drift', tenant, shard, details, at: deps.clock() });
    }
    if (loss !== undefined) {
      await recordIncident(client, { kind: 'journal_loss', tenant, shard, details: { ...loss }, at: deps.clock() });
    }
    await moveCycle(client, cycle, 'rating', deps.clock());
    return saveStep(client, stepKey(cycle, 'reconcile'), answer, deps.clock());
  });
  await deps.afterEffect?.('reconcile');
  return kept;
}

interface LostRange {
  readonly epoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** Counters and ledger agree about events that both lost: only the fence remembers that they were accepted. */
async function lossBeforeSeal(deps: BillingDeps, cycle: CycleRef): Promise<LostRange | undefined> {
  const { epoch, sequence } = await sealFence(deps, cycle);
  const drained = await lastDrained(deps.pool, deps.meter.shardOf(cycle.tenant), epoch);
  return drained < sequence ? { epoch, firstSequence: drained + 1, lastSequence: sequence } : undefined;
}

function describeLoss({ epoch, firstSequence, lastSequence }: LostRange): string {
  return (
    `events ${epoch}-${firstSequence} to ${epoch}-${lastSequence} were accepted before the seal and are not in the ledger: ` +
    'Redis lost them, and they may be usage of this tenant'
  );
}

/** Counters of another epoch are void, which is explained by the loss of that epoch; they come back from the ledger. */
async function rebuildAfterLoss(deps: BillingDeps, tenant: string): Promise<string[]> {
  if ((await deps.meter.readGateRecord(tenant)) !== undefined) return [];
  await deps.meter.rebuildTenant(tenant);
  return ['counters were void in this epoch of Redis and were rebuilt from the ledger'];
}

/** How often Redis may lose its counters while they are compared. */
const COMPARISONS_MAX = 3;

/** A difference counts only when the counters are still valid after it was seen: void ones read as zero. */
async function compareValid(
  deps: BillingDeps,
  cycle: CycleRef,
): Promise<{ readonly comparison: Comparison; readonly repairs: readonly string[] }> {
  const repairs: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    repairs.push(...(await rebuildAfterLoss(deps, cycle.tenant)));
    const comparison = await compareOnce(deps, cycle);
    if (comparison.drift.length === 0) return { comparison, repairs };
    if ((await deps.meter.readGateRecord(cycle.tenant)) !== undefined) return { comparison, repairs };
    if (attempt === COMPARISONS_MAX) throw new Error(`the counters of ${cycle.tenant} are void again and again`);
  }
}

/** The counters are read after the ledger: a trim that takes back refused duplicates may just have run. */
async function compareOnce(deps: BillingDeps, { tenant, periodStart }: CycleRef): Promise<Comparison> {
  const selection = { tenant, accountingPeriod: requireInstant(periodStart) };
  const catalogue = await deps.readCatalogue();
  const [rollups, hourlyRollups, raw] = await inTransaction(deps.pool, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    return [
      await sumUsage(client, selection),
      await sumHourlyUsage(client, selection),
      await sumRawUsage(client, selection),
    ];
  });
  const counters = await deps.meter.readCounters(tenant, periodStart);
  return compareThreeWays(catalogue, { accountingStart: periodStart, counters, rollups, hourlyRollups, raw });
}

async function finish(deps: BillingDeps, cycle: CycleRef): Promise<FinishAnswer> {
  const { tenant, periodStart } = cycle;
  await deps.meter.retireCounters(tenant, { accountingStart: periodStart, afterSeconds: COUNTERS_KEPT_SECONDS });
  const stripe = pushInvoice();
  const answer = await inTransaction(deps.pool, async (client): Promise<FinishAnswer> => {
    const isIssued = (await readCycleStage(client, cycle)) === 'issued';
    const isPaid = (await readInvoiceStatus(client, invoiceId(identityOf(cycle)))) === 'paid';
    const stage: CycleStage = isIssued && !isPaid ? 'issued' : 'settled';
    await moveCycle(client, cycle, stage, deps.clock());
    await keepStep(client, deps, cycle, 'finish', { stripe, stage });
    return { stripe, stage };
  });
  await deps.afterEffect?.('finish');
  await deps.workflows.poke(tenantBillingId(tenant));
  return answer;
}

async function keepStep(
  client: Queryable,
  deps: BillingDeps,
  cycle: CycleRef,
  step: CloseCycleStep,
  result: object,
): Promise<void> {
  await saveStep(client, stepKey(cycle, step), result, deps.clock());
}
