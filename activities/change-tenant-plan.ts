import { ApplicationFailure } from '@temporalio/common';

import { readChangeAt } from '../src/catalog/change-instant.ts';
import { changePlan } from '../src/catalog/change-plan.ts';
import { ChangeRefusedError } from '../src/catalog/change-refused-error.ts';
import { formatInstant, parseInstant, requireInstant } from '../src/domain/instant.ts';
import { recordAudit } from '../src/ledger/audit-entry.ts';
import { inTransaction } from '../src/ledger/database.ts';
import type { ChangePlanAnswer, ChangePlanOrder } from './answers.ts';
import type { BillingDeps } from './billing-deps.ts';

/**
 * Brings a tenant under another plan version. What cannot be is a failure that is not retried. A repeat finds the timeline as it is
 * wanted and changes nothing.
 */
export async function changeTenantPlan(deps: BillingDeps, order: ChangePlanOrder): Promise<ChangePlanAnswer> {
  const { tenant, plan, version, at, actor, reason, commandedAt } = order;
  if (at !== 'now' && at !== 'period_end' && parseInstant(at) === undefined) {
    throw refused(`at is ${at}: it must be now, period_end or an RFC 3339 instant with a zone`);
  }
  const change = {
    tenant,
    planKey: plan,
    ...(version === null ? {} : { planVersion: version }),
    at: readChangeAt(at),
  };
  const changed = await inTransaction(deps.pool, async (client) => {
    const done = await changePlan(client, change, requireInstant(commandedAt));
    if (done.isUnchanged) return done;
    const details = {
      reason,
      at: formatInstant(done.atMicros),
      to: { key: plan, version: done.after.version },
      quantities: [...done.changedQuantities],
    };
    await recordAudit(client, {
      atMicros: deps.clock(),
      actor,
      action: 'tenant.change_plan',
      subject: tenant,
      details,
    });
    return done;
  }).catch((error: unknown) => {
    throw error instanceof ChangeRefusedError ? refused(error.message) : error;
  });
  // Also after a repeat: the attempt before it may have ended between its commit and this.
  await deps.meter.announceCatalogue(changed.catalogueVersion);
  const { key, name } = changed.after;
  return {
    plan: { key, version: changed.after.version, name },
    at: formatInstant(changed.atMicros),
    unchanged: changed.isUnchanged,
  };
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'ChangeRefused');
}
