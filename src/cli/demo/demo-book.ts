import type { EventInput, JsonValue } from '../../client/index.ts';
import type { DemoMeter, DemoTenant } from './demo-catalogue.ts';

/** Exact totals by meter. */
export type Usage = Readonly<Record<string, bigint>>;

/** Usage of a sealed period that a later invoice bills as a difference. */
export interface LateUsage {
  readonly before: Usage;
  readonly after: Usage;
}

interface TenantBook {
  readonly tenant: DemoTenant;
  readonly taken: Set<string>;
  /** Usage that each period's own invoice bills, by period number. */
  readonly usage: Map<number, Usage>;
  /** Late usage by the number of the period whose invoice bills it. */
  readonly late: Map<number, LateUsage>;
  readonly outcomes: Record<string, number>;
}

/** The generator makes whole numbers only; anything else is a mistake of the demo. */
function wholeNumber(value: JsonValue | undefined): bigint {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Error('a demo event lacks a whole number');
  return BigInt(value);
}

/**
 * The demo's own list of what it sent, kept apart from everything that is being shown: exact integers and the rules a customer could
 * check by hand. A known id is a duplicate; what would pass a hard limit is refused; the rest counts.
 */
export class DemoBook {
  readonly #meters: readonly DemoMeter[];
  readonly #books = new Map<string, TenantBook>();

  constructor(meters: readonly DemoMeter[], tenants: readonly DemoTenant[]) {
    this.#meters = meters;
    for (const tenant of tenants) {
      const book = { tenant, taken: new Set<string>(), usage: new Map(), late: new Map(), outcomes: {} };
      this.#books.set(tenant.id, book);
    }
  }

  #book(tenant: string): TenantBook {
    const book = this.#books.get(tenant);
    if (book === undefined) throw new Error(`the demo has no tenant ${tenant}`);
    return book;
  }

  /** Notes an event of an open period and answers the outcome it must get. */
  note(event: EventInput, period: number): string {
    const book = this.#book(event.tenant);
    return this.#count(book, event, () => {
      const after = this.#add(book.usage.get(period) ?? {}, event);
      const { limits = [] } = book.tenant.plan;
      if (limits.some(({ meter, mode, limit }) => mode === 'hard' && (after[meter] ?? 0n) > BigInt(limit)))
        return false;
      book.usage.set(period, after);
      return true;
    });
  }

  /** Notes an event of a sealed period, billed on a later period's invoice; limits do not see it. */
  noteLate(event: EventInput, usagePeriod: number, billedWith: number): string {
    const book = this.#book(event.tenant);
    return this.#count(book, event, () => {
      const before = book.usage.get(usagePeriod) ?? {};
      const sofar = book.late.get(billedWith)?.after ?? before;
      book.late.set(billedWith, { before, after: this.#add(sofar, event) });
      return true;
    });
  }

  #count(book: TenantBook, event: EventInput, take: () => boolean): string {
    const id = event.id ?? '';
    const outcome = book.taken.has(id) ? 'duplicate' : take() ? 'accepted' : 'limit_exceeded';
    if (outcome === 'accepted') book.taken.add(id);
    book.outcomes[outcome] = (book.outcomes[outcome] ?? 0) + 1;
    return outcome;
  }

  #add(usage: Usage, event: EventInput): Usage {
    const entries = this.#meters.map((meter): [string, bigint] => {
      const property = meter.value?.property;
      const value = property === undefined ? 1n : wholeNumber(event.properties?.[property]);
      return [meter.key, (usage[meter.key] ?? 0n) + value];
    });
    return Object.fromEntries(entries);
  }

  /** What the invoice of a period must bill as the period's own usage. */
  usage(tenant: string, period: number): Usage {
    return this.#book(tenant).usage.get(period) ?? {};
  }

  /** What the invoice of a period must bill as late usage. */
  lateUsage(tenant: string, period: number): LateUsage | undefined {
    return this.#book(tenant).late.get(period);
  }

  /** All usage of a tenant, of all periods, late or not. */
  total(tenant: string): Usage {
    const { usage, late } = this.#book(tenant);
    const totals: Record<string, bigint> = {};
    for (const meter of this.#meters) {
      let total = 0n;
      for (const counted of usage.values()) total += counted[meter.key] ?? 0n;
      for (const { before, after } of late.values()) total += (after[meter.key] ?? 0n) - (before[meter.key] ?? 0n);
      totals[meter.key] = total;
    }
    return totals;
  }

  /** How often each outcome must have come. */
  outcomes(tenant: string): Readonly<Record<string, number>> {
    return this.#book(tenant).outcomes;
  }
}
