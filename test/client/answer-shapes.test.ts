import { expectTypeOf, test } from 'vitest';

import type { CountingView } from '../../src/api/calendar-view.ts';
import type { PlanComparison } from '../../src/api/compare-plan.ts';
import type { TimelinePreview } from '../../src/api/preview-timeline-change.ts';
import type { SimulatedBill } from '../../src/api/simulate-plan.ts';
import type { TenantView } from '../../src/api/tenant-view.ts';
import type { CounterDifference } from '../../src/audit/compare.ts';
import type { ApiKeyInfo } from '../../src/catalog/api-keys.ts';
import type * as Client from '../../src/client/index.ts';
import type { Invoice, InvoiceSummary } from '../../src/invoice/invoice-record.ts';
import type { IncidentInfo } from '../../src/ledger/incidents.ts';
import type { ChargeSpend } from '../../src/rating/charge-spend.ts';

/** The client has its own words for what the service answers, since it may not import them. The compiler compares the two here. */
test('what the client says of an answer is what the service makes', () => {
  expectTypeOf<Client.ChargeSpendView>().toEqualTypeOf<ChargeSpend>();
  expectTypeOf<Client.CounterDifferenceView>().toEqualTypeOf<CounterDifference>();
  expectTypeOf<Client.CountingView>().toEqualTypeOf<CountingView>();
  expectTypeOf<Client.IncidentView>().toEqualTypeOf<IncidentInfo>();
  expectTypeOf<Client.InvoiceSummaryView>().toEqualTypeOf<InvoiceSummary>();
  expectTypeOf<Client.InvoiceView>().toEqualTypeOf<Invoice>();
  expectTypeOf<Client.KeyView>().toEqualTypeOf<ApiKeyInfo>();
  expectTypeOf<Client.PlanComparisonView>().toEqualTypeOf<PlanComparison>();
  expectTypeOf<Client.SimulatedBillView>().toEqualTypeOf<SimulatedBill>();
  expectTypeOf<Client.TenantView>().toEqualTypeOf<TenantView>();
  expectTypeOf<Client.TimelinePreviewView>().toEqualTypeOf<TimelinePreview>();
});
