import { canonicalJson } from '../domain/canonical.ts';
import type { InstantText } from '../domain/instant.ts';
import type { Aggregation, Meter } from '../domain/meter.ts';
import type { Charge } from '../domain/plan.ts';
import { Exact, exact, ZERO } from './exact.ts';
import type { ChargeUsage, UsageFigures, UsagePart } from './inputs.ts';
import type { UsageReading } from './models/model.ts';
import { passesFilter } from './passes-filter.ts';
import type { Problem } from './problem.ts';
import { readingOf } from './reading-of.ts';

/** Usage as somebody writes it down to see what it would cost. Quantities are whole units, plain decimals. */
export interface GivenUsage {
  /** One of the two: the key of a charge, or of a meter, which is given to each charge on it. */
  readonly charge?: string | undefined;
  readonly meter?: string | undefined;
  /** Left out: what the parts or the amounts come to. */
  readonly quantity?: string | undefined;
  readonly parts?: readonly GivenPart[] | undefined;
  /** Values of single events, in order. */
  readonly amounts?: readonly string[] | undefined;
}

/** A part of given usage: of some values of dimensions, in one hour or day as the charge asks for it, or both. */
export interface GivenPart {
  readonly values?: Readonly<Record<string, string>> | undefined;
  readonly bucket?: InstantText | undefined;
  readonly quantity: string;
}

/** What charges are priced on, or everything that keeps given usage from being priced. */
export type UsageOfCharges = { readonly usage: readonly ChargeUsage[] } | { readonly problems: readonly Problem[] };

/**
 * Usage as rating takes it: parts that a charge's filter leaves out are gone, and the others are put together as the charge reads them. What a charge reads and was not given
 * is a problem, since it would be priced as if it had not been used.
 */
export function usageOfCharges(
  charges: readonly Charge[],
  meters: ReadonlyMap<string, Meter>,
  given: readonly GivenUsage[],
): UsageOfCharges {
  const problems = given.flatMap((one, index) => checkGiven(one, `usage[${index}]`, charges));
  const usage = new Map<string, ChargeUsage>();
  for (const [index, one] of given.entries()) {
    const path = `usage[${index}]`;
    for (const charge of charges.filter(({ key, meter }) => key === one.charge || meter === one.meter)) {
      const aggregation = meters.get(charge.meter)?.aggregation ?? 'sum';
      const figures = figuresOf(charge, one, aggregation);
      if (typeof figures === 'string') problems.push({ path, message: figures });
      else if (usage.has(charge.key)) problems.push({ path, message: `the usage of ${charge.key} is given already` });
      else usage.set(charge.key, { charge: charge.key, ...figures, eventCount: '0', ledgerRange: null });
    }
  }
  return problems.length > 0 ? { problems } : { usage: [...usage.values()] };
}

function checkGiven({ charge, meter }: GivenUsage, path: string, charges: readonly Charge[]): Problem[] {
  if ((charge === undefined) === (meter === undefined)) {
    return [{ path, message: 'names a charge or a meter, and not both' }];
  }
  if (charges.some((one) => one.key === charge || one.meter === meter)) return [];
  const known = charges.map((one) => `${one.key} (meter ${one.meter})`).join(', ');
  const name = charge === undefined ? `no charge on the meter ${meter ?? ''}` : `no charge ${charge}`;
  return [{ path, message: `the plan has ${name}; it has ${known === '' ? 'none' : known}` }];
}

/** The figures of one charge, or what is missing for them. */
function figuresOf(charge: Charge, given: GivenUsage, aggregation: Aggregation): UsageFigures | string {
  const reading = readingOf(charge);
  const missing = missingOf(charge, given, reading);
  if (missing !== undefined) return missing;
  const { amounts } = given;
  const parts = given.parts?.filter(({ values = {} }) => passesFilter(charge, values));
  const pieces = parts?.map(({ quantity }) => quantity) ?? amounts;
  const isOneNumber = pieces === undefined || (charge.filter === undefined && given.quantity !== undefined);
  if (!isOneNumber && !ADDING.has(aggregation)) return `${charge.meter} is ${aggregation}: give its quantity`;
  const quantity = isOneNumber ? exact(given.quantity ?? '0') : combined(pieces, aggregation);
  return {
    quantity: quantity.text,
    ...(reading.reads === 'parts' && { parts: partsOf(parts ?? [], reading, aggregation) }),
    ...(reading.reads === 'events' && { amounts: (amounts ?? []).map((value) => [value, 1] as const) }),
  };
}

function missingOf(
  charge: Charge,
  { quantity, parts, amounts }: GivenUsage,
  reading: UsageReading,
): string | undefined {
  const isNothing = quantity !== undefined && exact(quantity).isZero;
  if (quantity === undefined && parts === undefined && amounts === undefined) return 'gives no quantity';
  if (isNothing) return undefined;
  if (reading.reads === 'events' && amounts === undefined) {
    return `${charge.key} prices each event: give the amounts of the events`;
  }
  if (reading.reads === 'parts' && parts === undefined) {
    const wanted = [...reading.dimensions, ...(reading.bucket === null ? [] : [reading.bucket])].join(', ');
    return `${charge.key} prices parts: give the quantity of each ${wanted} as parts`;
  }
  if (charge.filter !== undefined && parts === undefined) {
    return `${charge.key} prices a part of its meter: give parts with values of ${Object.keys(charge.filter).join(', ')}`;
  }
  return undefined;
}

/** Aggregations whose parts come together to the whole. */
const ADDING: ReadonlySet<string> = new Set<Aggregation>(['count', 'sum', 'max']);

function combined(quantities: readonly string[], aggregation: Aggregation): Exact {
  const all = quantities.map((quantity) => exact(quantity));
  return aggregation === 'max' ? all.reduce((peak, one) => peak.atLeast(one), ZERO) : Exact.sum(all);
}

/** One part for each combination that the charge reads, in the order in which the ledger gives them. */
function partsOf(
  parts: readonly GivenPart[],
  reading: Extract<UsageReading, { reads: 'parts' }>,
  aggregation: Aggregation,
): UsagePart[] {
  const placed = parts.map(({ values = {}, bucket, quantity }) => {
    const read = reading.dimensions.flatMap((name) =>
      values[name] === undefined ? [] : [[name, values[name]] as const],
    );
    return { values: Object.fromEntries(read), bucket: reading.bucket === null ? null : (bucket ?? null), quantity };
  });
  const groups = Map.groupBy(placed, ({ values, bucket }) => `${bucket ?? ''} ${canonicalJson(values)}`);
  return [...groups]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, [first, ...more]]) => {
      if (first === undefined) return [];
      const quantity = combined(
        [first, ...more].map((part) => part.quantity),
        aggregation,
      );
      return [{ values: first.values, bucket: first.bucket, quantity: quantity.text, eventCount: '0' }];
    });
}
