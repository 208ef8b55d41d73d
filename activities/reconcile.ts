import type { CatalogueSnapshot } from '../src/catalog/catalogue-snapshot.ts';
import { decimal } from '../src/domain/decimal.ts';
import { formatInstant, type InstantText } from '../src/domain/instant.ts';
import { scaledText } from '../src/domain/quantity.ts';
import type { UsageSum } from '../src/ledger/usage-sum.ts';

/** The three accounts of one accounting period's usage. */
export interface ThreeWays {
  readonly accountingStart: InstantText;
  /** Redis: field → text, as src/meter writes them. */
  readonly counters: ReadonlyMap<string, string>;
  readonly rollups: readonly UsageSum[];
  /** The same usage from the rollups by hour. */
  readonly hourlyRollups: readonly UsageSum[];
  readonly raw: readonly UsageSum[];
}

/** One figure on which the three accounts do not agree. */
export interface Drift {
  readonly meter: string;
  readonly usageStart: InstantText;
  readonly figure: 'quantity' | 'events';
  readonly counter: string;
  readonly rollups: string;
  /** Where the rollups by hour say something else. */
  readonly hourlyRollups?: string;
  readonly raw: string;
}

/** How many figures were compared, and those that differ. */
export interface Comparison {
  readonly compared: number;
  readonly drift: readonly Drift[];
}

/** Compares counters, rollups and raw rows for every meter of every usage period that any of the three knows. Pure. */
export function compareThreeWays(catalogue: Pick<CatalogueSnapshot, 'meters'>, accounts: ThreeWays): Comparison {
  const places = placesOf(accounts);
  const drift = [...places.values()].flatMap((place) => comparePlace(catalogue, accounts, place));
  return { compared: places.size, drift };
}

interface Place {
  readonly meter: string;
  readonly usageStart: InstantText;
}

function placesOf({ accountingStart, counters, rollups, hourlyRollups, raw }: ThreeWays): Map<string, Place> {
  const places = new Map<string, Place>();
  const add = (place: Place): void => void places.set(`${place.meter}@${place.usageStart}`, place);
  for (const sum of [...rollups, ...hourlyRollups, ...raw])
    add({ meter: sum.meter, usageStart: formatInstant(sum.usagePeriodMicros) });
  for (const field of counters.keys()) {
    const [name = ''] = field.split('#');
    const [meter = '', usageStart = accountingStart] = name.split('@');
    if (meter !== '') add({ meter, usageStart });
  }
  return places;
}

function comparePlace(catalogue: Pick<CatalogueSnapshot, 'meters'>, accounts: ThreeWays, place: Place): Drift[] {
  const { meter, usageStart } = place;
  const { accountingStart, counters } = accounts;
  const definition = catalogue.meters.get(meter);
  const field = usageStart === accountingStart ? meter : `${meter}@${usageStart}`;
  const rollup = sumAt(accounts.rollups, place);
  const hourly = sumAt(accounts.hourlyRollups, place);
  const raw = sumAt(accounts.raw, place);
  const quantities = {
    // Distinct values are not counted in Redis: the two accounts of the ledger are compared with each other.
    counter:
      definition?.aggregation === 'unique' ? rollup.quantity : scaledCounter(counters.get(field), definition?.scale),
    rollups: rollup.quantity,
    raw: raw.quantity,
  };
  const events = { counter: counters.get(`${field}#n`) ?? '0', rollups: rollup.eventCount, raw: raw.eventCount };
  return [
    ...driftOf(place, 'quantity', quantities, hourly.quantity),
    ...driftOf(place, 'events', events, hourly.eventCount),
  ];
}

function driftOf(
  { meter, usageStart }: Place,
  figure: Drift['figure'],
  figures: Pick<Drift, 'counter' | 'rollups' | 'raw'>,
  hourlyRollups: string,
): Drift[] {
  if (areEqual([...Object.values(figures), hourlyRollups])) return [];
  const isOther = !areEqual([figures.rollups, hourlyRollups]);
  return [{ meter, usageStart, figure, ...figures, ...(isOther && { hourlyRollups }) }];
}

function sumAt(sums: readonly UsageSum[], { meter, usageStart }: Place): { quantity: string; eventCount: string } {
  const found = sums.find((sum) => sum.meter === meter && formatInstant(sum.usagePeriodMicros) === usageStart);
  return found ?? { quantity: '0', eventCount: '0' };
}

function scaledCounter(scaled: string | undefined, scale: number | undefined): string {
  return scaledText(scaled ?? '0', scale ?? 0);
}

function areEqual(decimals: readonly string[]): boolean {
  const [first = '0', ...rest] = decimals;
  return rest.every((other) => decimal(other).eq(decimal(first)));
}

/** A drift as a sentence for the person who must decide about the held invoice. */
export function describeDrift({ meter, usageStart, figure, counter, rollups, hourlyRollups, raw }: Drift): string {
  const byHour = hourlyRollups === undefined ? '' : ` (by the hour ${hourlyRollups})`;
  return `drift in ${figure} of ${meter} (usage of ${usageStart}): counter ${counter}, rollups ${rollups}${byHour}, raw rows ${raw}`;
}
