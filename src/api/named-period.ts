import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { parseInstant, type EpochMicros } from '../domain/instant.ts';
import { periodAt } from '../domain/period.ts';
import type { Period } from '../domain/period.ts';

/** How a request names a billing period of a tenant: the one that runs, the last one that is over, or one by its start. */
export type PeriodQuestion = string;

/** True for `open`, `last` and an instant. */
export function isPeriodQuestion(text: string): boolean {
  return text === 'open' || text === 'last' || parseInstant(text) !== undefined;
}

/** The period that is meant; `undefined` where the tenant has none such. */
export function namedPeriod(entry: TenantEntry, question: PeriodQuestion, atMicros: EpochMicros): Period | undefined {
  const { calendar, endsAtMicros, billingStartMicros } = entry;
  if (question === 'open') return periodAt(calendar, atMicros);
  if (question === 'last') {
    const hasEnded = endsAtMicros !== null && endsAtMicros <= atMicros;
    const after = hasEnded ? endsAtMicros : periodAt(calendar, atMicros)?.startMicros;
    return after === undefined || after <= billingStartMicros ? undefined : periodAt(calendar, after - 1);
  }
  const start = parseInstant(question);
  const period = start === undefined ? undefined : periodAt(calendar, start);
  return period?.startMicros === start ? period : undefined;
}
