import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { dayStart } from '../../src/domain/calendar-hour.ts';
import { MICROS_PER_HOUR } from '../../src/domain/instant.ts';
import { collectRollups, type Rollup } from '../../src/ledger/collect-rollups.ts';
import { daysOfHours } from '../../src/ledger/days-of-hours.ts';
import { type Contribution, finestScaled, type MeteredRow } from '../../src/ledger/metered-row.ts';

const contribution: fc.Arbitrary<Contribution> = fc.record({
  meter: fc.constantFrom('requests', 'tokens'),
  aggregation: fc.constantFrom('sum', 'max', 'latest'),
  scale: fc.constantFrom(0, 3, 9),
  scaled: fc.oneof(fc.nat(5), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER)),
  valueDigestHex: fc.constantFrom(null, null, null, 'ab'),
  dimensionsJson: fc.constantFrom('{}', '{"model":"x"}'),
});

const ZONE = 'Asia/Kathmandu';
/** Midnight of the zone is 18:15 of UTC: the last two are of the next day. */
const HOURS = [0, MICROS_PER_HOUR, 18.25 * MICROS_PER_HOUR, 20.25 * MICROS_PER_HOUR];

const rowParts = fc.record({
  tenant: fc.constantFrom('acme', 'globex'),
  usagePeriodMicros: fc.constantFrom(0, 7),
  accountingPeriodMicros: fc.constantFrom(0, 7),
  hourMicros: fc.constantFrom(...HOURS),
  minute: fc.nat(3),
  contributions: fc.array(contribution, { maxLength: 3 }),
});

const rowsOf = fc.array(rowParts, { maxLength: 30 }).map((parts) =>
  parts.map(({ minute, ...part }, index): MeteredRow => ({
    ...part,
    timeZone: ZONE,
    occurredAtMicros: part.hourMicros + minute,
    sequence: index + 1,
    digests: Buffer.alloc(32),
    digestsStart: 0,
    eventId: '',
    type: '',
    quantity: '1',
    properties: null,
    readingsJson: '{}',
    catalogueVersion: 1,
    acceptedAtMicros: 0,
  })),
);

type Place = Pick<Rollup, 'tenant' | 'usagePeriodMicros' | 'accountingPeriodMicros' | 'startMicros'>;

function keyOf({ tenant, usagePeriodMicros, accountingPeriodMicros, startMicros }: Place): string {
  return [tenant, usagePeriodMicros, accountingPeriodMicros, startMicros].join('/');
}

/** What a rollup is by its definition: filter, then add up in big integers. */
function defined(rows: readonly PlacedRow[], rollup: Rollup): unknown {
  const own = rows.flatMap((row) =>
    row.contributions
      .filter((each) => each.meter === rollup.meter && each.dimensionsJson === rollup.dimensionsJson)
      .filter(() => keyOf(row) === keyOf(rollup))
      .map((each) => ({ row, each, value: finestScaled(each) })),
  );
  const numbers = own.filter(({ each }) => each.valueDigestHex === null);
  const latest = numbers.reduce<(typeof numbers)[number] | undefined>(
    (best, next) =>
      best === undefined ||
      next.row.occurredAtMicros > best.row.occurredAtMicros ||
      (next.row.occurredAtMicros === best.row.occurredAtMicros && next.row.sequence > best.row.sequence)
        ? next
        : best,
    undefined,
  );
  return {
    eventCount: own.length,
    sum: numbers.reduce((sum, { value }) => sum + value, 0n),
    max: numbers.reduce<bigint | null>((max, { value }) => (max === null || value > max ? value : max), null),
    last:
      latest === undefined
        ? null
        : { value: latest.value, atMicros: latest.row.occurredAtMicros, sequence: latest.row.sequence },
    firstSequence: own[0]?.row.sequence,
    finalSequence: own.at(-1)?.row.sequence,
  };
}

type PlacedRow = MeteredRow & Place;

test.each([
  ['hour', (hourMicros: number) => hourMicros, collectRollups],
  ['day', (hourMicros: number) => dayStart(ZONE, hourMicros), (rows: PlacedRow[]) => daysOfHours(collectRollups(rows))],
] as const)(
  'rollups by %s are the exact sums of their rows, also past 2^53 and across scales',
  (_unit, startOf, collect) => {
    fc.assert(
      fc.property(rowsOf, (unplaced) => {
        const rows = unplaced.map((row) => ({ ...row, startMicros: startOf(row.hourMicros) }));
        const rollups = collect(rows);
        for (const rollup of rollups) expect(rollup).toMatchObject(defined(rows, rollup) as Partial<Rollup>);
        const wanted = new Set(
          rows.flatMap((row) => row.contributions.map((each) => `${keyOf(row)}/${each.meter}/${each.dimensionsJson}`)),
        );
        const found = rollups.map((rollup) => `${keyOf(rollup)}/${rollup.meter}/${rollup.dimensionsJson}`);
        expect(found.toSorted()).toEqual([...wanted].toSorted());
        expect(rollups.map(({ startMicros }) => startMicros).every((start) => startOf(start) === start)).toBe(true);
      }),
      { numRuns: 500 },
    );
  },
);
