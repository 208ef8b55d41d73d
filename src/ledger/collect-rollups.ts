import type { EpochMicros } from '../domain/instant.ts';
import { type Contribution, finestScaled, type MeteredRow } from './metered-row.ts';

/** What one batch adds to one row of `usage_hourly`, or of `usage_daily`. Quantities are integers of 10^-9 units. */
export interface Rollup {
  readonly tenant: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly meter: string;
  /** Canonical JSON. */
  readonly dimensionsJson: string;
  /** Of the hour, or of the day. */
  readonly startMicros: EpochMicros;
  readonly timeZone: string;
  readonly eventCount: number;
  readonly sum: bigint;
  /** `null` for `unique`, whose values are no numbers. */
  readonly max: bigint | null;
  readonly last: { readonly value: bigint; readonly atMicros: EpochMicros; readonly sequence: number } | null;
  readonly firstSequence: number;
  readonly finalSequence: number;
}

/** Adds up what rows brought: one entry per row of `usage_hourly`, in the order of its key. */
export function collectRollups(rows: readonly MeteredRow[]): Rollup[] {
  const collector = new RollupCollector();
  for (const row of rows) collector.add(row);
  return collector.rollups();
}

/** Adds up what rows brought, one by one: it keeps their contributions and not the rows. */
export class RollupCollector {
  readonly #placesOf = new Map<string, Place[]>();
  readonly #all: Place[] = [];
  #place: Place | undefined;

  add(row: MeteredRow): void {
    // Rows of one request mostly fall into the hour that the row before fell into.
    let place = this.#place;
    if (place === undefined || !place.holds(row)) this.#place = place = this.#findPlace(row);
    for (const contribution of row.contributions) place.tallyOf(contribution, row).add(row, contribution);
  }

  /** One entry per row of `usage_hourly`, in the order of its key. */
  rollups(): Rollup[] {
    return this.#all
      .flatMap((each) => each.tallies)
      .map((tally) => tally.rollup())
      .toSorted(compareRollups);
  }

  #findPlace(row: MeteredRow): Place {
    let places = this.#placesOf.get(row.tenant);
    if (places === undefined) this.#placesOf.set(row.tenant, (places = []));
    const found = places.findLast((place) => place.holds(row));
    if (found !== undefined) return found;
    const place = new Place(row);
    places.push(place);
    this.#all.push(place);
    return place;
  }
}

/** One hour of one tenant's period. */
class Place {
  readonly tenant: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly hourMicros: EpochMicros;
  readonly timeZone: string;
  readonly tallies: Tally[] = [];
  readonly #tallyOf = new Map<string, Map<string, Tally>>();

  constructor(row: MeteredRow) {
    this.tenant = row.tenant;
    this.usagePeriodMicros = row.usagePeriodMicros;
    this.accountingPeriodMicros = row.accountingPeriodMicros;
    this.hourMicros = row.hourMicros;
    this.timeZone = row.timeZone;
  }

  holds(row: MeteredRow): boolean {
    return (
      row.hourMicros === this.hourMicros &&
      row.accountingPeriodMicros === this.accountingPeriodMicros &&
      row.usagePeriodMicros === this.usagePeriodMicros &&
      row.tenant === this.tenant
    );
  }

  tallyOf({ meter, dimensionsJson }: Contribution, row: MeteredRow): Tally {
    let byDimensions = this.#tallyOf.get(meter);
    if (byDimensions === undefined) this.#tallyOf.set(meter, (byDimensions = new Map()));
    let tally = byDimensions.get(dimensionsJson);
    if (tally === undefined) {
      tally = new Tally(this, meter, dimensionsJson, row.sequence);
      byDimensions.set(dimensionsJson, tally);
      this.tallies.push(tally);
    }
    return tally;
  }
}

/**
 * A rollup in the making. Values in the scale of the first one are added as plain numbers as long as the sum stays exact; then it
 * moves over to the sum of big integers, which takes values in other scales at once.
 */
class Tally {
  readonly #place: Place;
  readonly #meter: string;
  readonly #dimensionsJson: string;
  #eventCount = 0;
  #sum = 0n;
  /** Not yet in `#sum`, in the scale of `#sample`. */
  #small = 0;
  #max: Contribution | null = null;
  #last: Contribution | null = null;
  #lastAtMicros: EpochMicros = 0;
  #lastSequence = 0;
  #firstSequence: number;
  #finalSequence: number;
  #sample: Contribution | null = null;

  constructor(place: Place, meter: string, dimensionsJson: string, sequence: number) {
    this.#place = place;
    this.#meter = meter;
    this.#dimensionsJson = dimensionsJson;
    this.#firstSequence = sequence;
    this.#finalSequence = sequence;
  }

  add({ sequence, occurredAtMicros }: MeteredRow, contribution: Contribution): void {
    this.#eventCount += 1;
    if (sequence < this.#firstSequence) this.#firstSequence = sequence;
    if (sequence > this.#finalSequence) this.#finalSequence = sequence;
    if (contribution.valueDigestHex !== null) return;
    const sample = this.#sample;
    if (sample === null) {
      this.#sample = this.#max = contribution;
      this.#small = contribution.scaled;
    } else {
      if (sample.scale === contribution.scale) this.#addSmall(contribution);
      else this.#sum += finestScaled(contribution);
      if (this.#max !== null && isGreater(contribution, this.#max)) this.#max = contribution;
    }
    const isLater =
      this.#last === null ||
      occurredAtMicros > this.#lastAtMicros ||
      (occurredAtMicros === this.#lastAtMicros && sequence > this.#lastSequence);
    if (!isLater) return;
    this.#last = contribution;
    this.#lastAtMicros = occurredAtMicros;
    this.#lastSequence = sequence;
  }

  rollup(): Rollup {
    this.#spill();
    const { tenant, usagePeriodMicros, accountingPeriodMicros, hourMicros, timeZone } = this.#place;
    const last = this.#last;
    return {
      tenant,
      usagePeriodMicros,
      accountingPeriodMicros,
      meter: this.#meter,
      dimensionsJson: this.#dimensionsJson,
      startMicros: hourMicros,
      timeZone,
      eventCount: this.#eventCount,
      sum: this.#sum,
      max: this.#max === null ? null : finestScaled(this.#max),
      last:
        last === null
          ? null
          : { value: finestScaled(last), atMicros: this.#lastAtMicros, sequence: this.#lastSequence },
      firstSequence: this.#firstSequence,
      finalSequence: this.#finalSequence,
    };
  }

  #addSmall({ scaled }: Contribution): void {
    // Both are safe integers below 2^53: the test cannot itself be wrong.
    if (this.#small > Number.MAX_SAFE_INTEGER - scaled) this.#spill();
    this.#small += scaled;
  }

  #spill(): void {
    if (this.#sample !== null && this.#small !== 0) {
      this.#sum += finestScaled({ ...this.#sample, scaled: this.#small });
    }
    this.#small = 0;
  }
}

function isGreater(left: Contribution, right: Contribution): boolean {
  return left.scale === right.scale ? left.scaled > right.scaled : finestScaled(left) > finestScaled(right);
}

/** One order for all writers, so that two of them never wait for each other in a ring. */
function compareRollups(left: Rollup, right: Rollup): number {
  return (
    compareTexts(left.tenant, right.tenant) ||
    left.usagePeriodMicros - right.usagePeriodMicros ||
    left.accountingPeriodMicros - right.accountingPeriodMicros ||
    compareTexts(left.meter, right.meter) ||
    compareTexts(left.dimensionsJson, right.dimensionsJson) ||
    left.startMicros - right.startMicros
  );
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
