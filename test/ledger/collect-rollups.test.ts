import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { MICROS_PER_HOUR } from '../../src/domain/instant.ts';
import { collectRollups, type Rollup } from '../../src/ledger/collect-rollups.ts';
import { type Contribution, finestScaled, type MeteredRow } from '../../src/ledger/metered-row.ts';

const contribution: fc.Arbitrary<Contribution> = fc.record({
  meter: fc.constantFrom('requests', 'tokens'),
  aggregation: fc.constantFrom('sum', 'max', 'latest'),
  scale: fc.constantFrom(0, 3, 9),
  scaled: fc.oneof(fc.nat(5), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER)),
  valueDigestHex: fc.constantFrom(null, null, null, 'ab'),
  dimensionsJson: fc.constantFrom('{}', '{"model":"x"}'),
});

const rowParts = fc.record({
  tenant: fc.constantFrom('acme', 'globex'),
  usagePeriodMicros: fc.constantFrom(0, 7),
  accountingPeriodMicros: fc.constantFrom(0, 7),
  hourMicros: fc.constantFrom(0, MICROS_PER_HOUR),
  occurredAtMicros: fc.nat(3),
  contributions: fc.array(contribution, { maxLength: 3 }),
});

const rowsOf = fc.array(rowParts, { maxLength: 30 }).map((parts) =>
  parts.map((part, index): MeteredRow => ({
    ...part,
    sequence: index + 1,
    digests: Buffer.alloc(32),
    digestsStart: 0,
    eventId: '',
    type: '',
    quantity: '1',
    propertiesJson: null,
    readingsJson: '{}',
    catalogueVersion: 1,
    acceptedAtMicros: 0,
  })),
);

function keyOf(
  row: Pick<MeteredRow, 'tenant' | 'usagePeriodMicros' | 'accountingPeriodMicros' | 'hourMicros'>,
): string {
  return [row.tenant, row.usagePeriodMicros, row.accountingPeriodMicros, row.hourMicros].join('/');
}

/** What a rollup is by its definition: filter, then add up in big integers. */
function defined(rows: readonly MeteredRow[], rollup: Rollup): unknown {
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

test('rollups are the exact sums of their rows, also past 2^53 and across scales', () => {
  fc.assert(
    fc.property(rowsOf, (rows) => {
      const rollups = collectRollups(rows);
      for (const rollup of rollups) expect(rollup).toMatchObject(defined(rows, rollup) as Partial<Rollup>);
      const wanted = new Set(
        rows.flatMap((row) => row.contributions.map((each) => `${keyOf(row)}/${each.meter}/${each.dimensionsJson}`)),
      );
      const found = rollups.map((rollup) => `${keyOf(rollup)}/${rollup.meter}/${rollup.dimensionsJson}`);
      expect(found.toSorted()).toEqual([...wanted].toSorted());
    }),
    { numRuns: 500 },
  );
});
