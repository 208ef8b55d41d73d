import { ApplicationFailure } from '@temporalio/common';

import type { InvoiceContent, InvoiceIdentity } from '../src/domain/invoice.ts';
import { formatMinor } from '../src/domain/money.ts';
import { earlierTotals } from '../src/invoice/earlier-totals.ts';
import { invoiceId } from '../src/invoice/invoice-digests.ts';
import { issueInvoice } from '../src/invoice/issue-invoice.ts';
import { moveInvoice } from '../src/invoice/move-invoice.ts';
import { readInvoice } from '../src/invoice/read-invoice.ts';
import { saveDraft } from '../src/invoice/save-draft.ts';
import { lockCycle, moveCycle } from '../src/ledger/billing-cycles.ts';
import { readStep, saveStep } from '../src/ledger/billing-steps.ts';
import { readChainTip } from '../src/ledger/chain-tips.ts';
import { inTransaction, type Queryable } from '../src/ledger/database.ts';
import { rateInvoice } from '../src/rating/rate-invoice.ts';
import type {
  CycleActivities,
  CycleRef,
  Decision,
  DecisionOrder,
  IssueAnswer,
  RateAnswer,
  ReconcileAnswer,
} from './answers.ts';
import type { BillingDeps } from './billing-deps.ts';
import { boundedReasons } from './bounded-reasons.ts';
import { gatherAround } from './gather-around.ts';
import { gatherInputs } from './gather-inputs.ts';
import { heartbeating } from './heartbeating.ts';
import { EARLIER_BILLS_MAX, unusualReasons } from './safety-bounds.ts';
import { stepKey } from './step-key.ts';

/** The steps of a cycle from its usage to its invoice. */
export function createInvoiceActivities(
  deps: BillingDeps,
): Pick<CycleActivities, 'rateCycle' | 'decideHold' | 'issueCycle'> {
  return {
    rateCycle: heartbeating((cycle) => rate(deps, cycle)),
    decideHold: (order) => decide(deps, order),
    issueCycle: heartbeating((cycle) => issue(deps, cycle)),
  };
}

type Rated = Omit<Extract<RateAnswer, { readonly status: 'rated' }>, 'decision'>;

/**
 * Once rated, a cycle keeps its rating: what a person was asked about is what is issued. An attempt that was given up may wake
 * long after, with a catalogue of its time, so the question is asked again under the cycle's lock.
 */
async function rate(deps: BillingDeps, cycle: CycleRef): Promise<RateAnswer> {
  const { tenant, periodStart } = cycle;
  const kept = await readStep<Rated>(deps.pool, stepKey(cycle, 'rate'));
  if (kept !== undefined) return { ...kept, decision: await readDecision(deps.pool, cycle) };
  const catalogue = await deps.readCatalogue();
  const identity = identityOf(cycle);
  const shard = deps.meter.shardOf(tenant);
  const answer = await inTransaction(deps.pool, async (client): Promise<RateAnswer> => {
    await lockCycle(client, cycle);
    const meanwhile = await readStep<Rated>(client, stepKey(cycle, 'rate'));
    if (meanwhile !== undefined) return { ...meanwhile, decision: await readDecision(client, cycle) };
    const gathered = await gatherInputs(client, { catalogue, identity, shard });
    if ('notYet' in gathered) return { status: 'notYet', reason: gathered.notYet };
    // Last: it holds what other bills of the payer wait for.
    const around = 'problems' in gathered ? gathered : await gatherAround(client, gathered.inputs);
    const rated = 'problems' in around ? around : { ...around, ...rateInvoice(around.inputs) };
    if ('problems' in rated) {
      await moveCycle(client, cycle, 'held', deps.clock());
      return { status: 'unratable', problems: boundedReasons(rated.problems) };
    }
    const draft = { identity, inputs: rated.inputs, content: rated.content, at: deps.clock() };
    const saved = await saveDraft(client, draft);
    const search = { tenant, before: periodStart, limit: EARLIER_BILLS_MAX };
    const reconciled = await readStep<ReconcileAnswer>(client, stepKey(cycle, 'reconcile'));
    const holdReasons = [
      ...(reconciled?.holdReasons ?? ['the usage was never reconciled']),
      ...unusualReasons(rated.content, await earlierTotals(client, search)),
    ];
    if (holdReasons.length > 0) await hold(client, deps, cycle, holdReasons);
    const result: Rated = {
      status: 'rated',
      invoiceId: saved.invoiceId,
      contentDigest: saved.contentDigest,
      total: totalText(rated.content),
      lineCount: rated.content.lines.length,
      holdReasons,
    };
    return { ...(await saveStep(client, stepKey(cycle, 'rate'), result, deps.clock())), decision: null };
  });
  await deps.afterEffect?.('rate');
  return answer;
}

async function hold(
  client: Queryable,
  deps: BillingDeps,
  cycle: CycleRef,
  holdReasons: readonly string[],
): Promise<void> {
  const reason = holdReasons.join('; ');
  const move = { invoiceId: invoiceId(identityOf(cycle)), to: 'held', actor: 'billing', reason } as const;
  await moveInvoice(client, { ...move, at: deps.clock() });
  await moveCycle(client, cycle, 'held', deps.clock());
}

interface KeptDecision {
  readonly decision: Decision;
  readonly actor: string;
  readonly reason: string;
}

async function readDecision(db: Queryable, cycle: CycleRef): Promise<Decision | null> {
  return (await readStep<KeptDecision>(db, stepKey(cycle, 'decide')))?.decision ?? null;
}

/** The first decision stays. What could not be rated has no invoice yet: its approval only means "rate it again". */
async function decide(deps: BillingDeps, order: DecisionOrder): Promise<{ readonly decision: Decision }> {
  const { decision, actor, reason } = order;
  return inTransaction(deps.pool, async (client) => {
    await lockCycle(client, order);
    const isRated = (await readStep(client, stepKey(order, 'rate'))) !== undefined;
    if (!isRated && decision === 'approved') return { decision };
    const kept = await saveStep<KeptDecision>(
      client,
      stepKey(order, 'decide'),
      { decision, actor, reason },
      deps.clock(),
    );
    if (kept.decision === 'rejected') {
      const move = { to: 'rejected', actor: kept.actor, reason: kept.reason || 'rejected' } as const;
      if (isRated) await moveInvoice(client, { ...move, invoiceId: invoiceId(identityOf(order)), at: deps.clock() });
      await moveCycle(client, order, 'settled', deps.clock());
    }
    return { decision: kept.decision };
  });
}

/** One short transaction: the number's row lock is held until it ends. */
async function issue(deps: BillingDeps, cycle: CycleRef): Promise<IssueAnswer> {
  const id = invoiceId(identityOf(cycle));
  const shard = deps.meter.shardOf(cycle.tenant);
  const answer = await inTransaction(deps.pool, async (client) => {
    // In the order of those who rate: the cycle before the payer and the invoice.
    await lockCycle(client, cycle);
    const decided = await readStep<KeptDecision>(client, stepKey(cycle, 'decide'));
    await refuseUndecided(client, cycle, id, decided?.decision);
    const order = { invoiceId: id, at: deps.clock(), chainTip: await readChainTip(client, shard) };
    const approver = decided === undefined ? {} : { actor: decided.actor };
    const issued: IssueAnswer = { invoiceId: id, ...(await issueInvoice(client, { ...order, ...approver })) };
    await moveCycle(client, cycle, 'issued', deps.clock());
    return saveStep(client, stepKey(cycle, 'issue'), issued, deps.clock());
  });
  await deps.afterEffect?.('issue');
  return answer;
}

/** The workflow asks only after an approval; a held invoice must not be issued by any other road either. */
async function refuseUndecided(
  client: Queryable,
  cycle: CycleRef,
  id: string,
  decision: Decision | undefined,
): Promise<void> {
  const invoice = await readInvoice(client, id);
  if (invoice?.status !== 'held' || decision === 'approved') return;
  throw ApplicationFailure.nonRetryable(`invoice ${id} of ${cycle.tenant} is held and was not approved`, 'NotApproved');
}

/** The identity of a cycle's invoice. */
export function identityOf({ tenant, periodStart, revision }: CycleRef): InvoiceIdentity {
  return { tenant, kind: 'cycle', occasion: periodStart, revision };
}

function totalText({ totalMinor, currency }: InvoiceContent): string {
  return `${formatMinor(BigInt(totalMinor), currency)} ${currency}`;
}
