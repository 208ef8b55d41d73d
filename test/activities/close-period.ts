import { MockActivityEnvironment } from '@temporalio/testing';
import { expect } from 'vitest';

import type { CycleRef } from '../../activities/answers.ts';
import { createCycleActivities } from '../../activities/cycle-activities.ts';
import type { Invoice } from '../../src/invoice/invoice-record.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { openCycle } from '../../src/ledger/billing-cycles.ts';
import type { IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps } from './billing-deps.ts';

/** One whole cycle, from the seal to the issued invoice, which nothing may hold. */
export async function closePeriod(stack: IngestStack, tenant: string, periodStart: string): Promise<Invoice> {
  const cycle: CycleRef = { tenant, periodStart, revision: 0 };
  const steps = createCycleActivities(billingDeps(stack));
  await openCycle(stack.pool, { ...cycle, workflowId: `close-cycle/${tenant}` }, stack.service.clock());
  return new MockActivityEnvironment().run(async () => {
    await steps.sealPeriod(cycle);
    await steps.passBarrier(cycle);
    await steps.reconcileUsage(cycle);
    expect(await steps.rateCycle(cycle)).toMatchObject({ status: 'rated', holdReasons: [] });
    const { invoiceId } = await steps.issueCycle(cycle);
    const invoice = await readInvoice(stack.pool, invoiceId);
    if (invoice === undefined) throw new Error('the issued invoice is not there');
    return invoice;
  });
}
