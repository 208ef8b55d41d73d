import { createTenantActivities } from '../../activities/tenant-activities.ts';
import { changeAddOn } from '../../src/catalog/change-add-on.ts';
import { ChangeRefusedError } from '../../src/catalog/change-refused-error.ts';
import { changePrice } from '../../src/catalog/change-price.ts';
import { type EpochMicros, formatInstant } from '../../src/domain/instant.ts';
import type { Charge } from '../../src/domain/plan.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import type { IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps } from './billing-deps.ts';

/** The plans of the histories, and what else a tenant of them may come to have or lose. */
export const PLANS = ['small', 'large', 'bounded', 'restarted'] as const;
export type PlanKey = (typeof PLANS)[number];
export const CHANGES = [...PLANS, 'add_on', 'no_add_on', 'own_price', 'no_own_price'] as const;
export type ChangeKind = (typeof CHANGES)[number];

/** The key of the one add-on. */
export const ADD_ON = 'help';

/** In place of the charge that every plan has: it takes less than that. */
export const OWN_PRICE: Charge = {
  key: 'calls',
  meter: 'calls',
  description: 'Calls from the EU',
  includedUnits: '0',
  filter: { region: ['eu'] },
  price: { model: 'per_unit', unitPrice: '0.0171' },
};

/** Makes a change of a tenant as its route would. What it does not have cannot end, which changes nothing. */
export async function makeChange(stack: IngestStack, tenant: string, to: ChangeKind, at: EpochMicros): Promise<void> {
  await makeOrdered(stack, tenant, to, at).catch((error: unknown) => {
    if (!(error instanceof ChangeRefusedError) || error.refusal !== 'not_held') throw error;
  });
}

async function makeOrdered(stack: IngestStack, tenant: string, to: ChangeKind, at: EpochMicros): Promise<void> {
  const now = stack.service.clock();
  if (to === 'add_on' || to === 'no_add_on') {
    const action = to === 'add_on' ? 'add' : 'remove';
    await inTransaction(stack.pool, (client) => changeAddOn(client, { tenant, planKey: ADD_ON, at, action }, now));
    return;
  }
  if (to === 'own_price' || to === 'no_own_price') {
    const charge = to === 'own_price' ? OWN_PRICE : null;
    const order = { tenant, key: OWN_PRICE.key, charge, at };
    await inTransaction(stack.pool, (client) => changePrice(client, order, now, checkPlan));
    return;
  }
  const order = { tenant, plan: to, version: null, at: formatInstant(at), actor: 'ada', reason: '' };
  await createTenantActivities(billingDeps(stack)).changePlan({ ...order, commandedAt: formatInstant(now) });
}
