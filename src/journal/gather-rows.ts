import type { EpochMicros } from '../domain/instant.ts';
import { type Rollup, RollupCollector } from '../ledger/collect-rollups.ts';
import { type UniqueValue, UniqueValueCollector } from '../ledger/unique-values.ts';
import { type RowBytes, RowEncoder, type RowSource } from '../ledger/usage-row-bytes.ts';
import type { JournalRow } from './journal-entry.ts';

/** An accounting period of one tenant. */
export interface TenantPeriod {
  readonly tenant: string;
  readonly periodMicros: EpochMicros;
}

/** What the rows of one batch are to the ledger. */
export interface GatheredRows extends RowBytes {
  readonly count: number;
  readonly rollups: readonly Rollup[];
  readonly uniqueValues: readonly UniqueValue[];
  readonly accountingPeriods: readonly TenantPeriod[];
  /** The rows themselves, in order of sequence: dear, and asked for only where one of them is late, known or at fault. */
  readonly rows: () => readonly JournalRow[];
}

/**
 * Turns rows of one shard and epoch into what is sent to the ledger, one by one in order of sequence. No row is kept: ten thousand of
 * them that live as long as their batch are what collecting garbage costs most for.
 */
export class RowGatherer {
  readonly #encoder: RowEncoder;
  readonly #rollups = new RollupCollector();
  readonly #uniqueValues = new UniqueValueCollector();
  readonly #periods = new Map<string, TenantPeriod>();
  #last: TenantPeriod | undefined;
  #count = 0;

  constructor(source: RowSource, rowsGuess: number) {
    this.#encoder = new RowEncoder(source, rowsGuess);
  }

  add(row: JournalRow): void {
    this.#encoder.add(row);
    this.#rollups.add(row);
    this.#uniqueValues.add(row);
    this.#addPeriod(row);
    this.#count += 1;
  }

  /** @param rows gives the rows that were added */
  gathered(rows: () => readonly JournalRow[]): GatheredRows {
    return {
      ...this.#encoder.bytes(),
      count: this.#count,
      rollups: this.#rollups.rollups(),
      uniqueValues: this.#uniqueValues.values(),
      accountingPeriods: [...this.#periods.values()],
      rows,
    };
  }

  #addPeriod({ tenant, accountingPeriodMicros: periodMicros }: JournalRow): void {
    // Most rows are in the period of the row before.
    if (this.#last?.periodMicros === periodMicros && this.#last.tenant === tenant) return;
    this.#last = { tenant, periodMicros };
    this.#periods.set(periodKey(this.#last), this.#last);
  }
}

/** The same for rows that are at hand. */
export function gatherRows(source: RowSource, rows: readonly JournalRow[]): GatheredRows {
  const gatherer = new RowGatherer(source, rows.length);
  for (const row of rows) gatherer.add(row);
  return gatherer.gathered(() => rows);
}

/** A name for the period among those of all tenants. */
export function periodKey({ tenant, periodMicros }: TenantPeriod): string {
  return `${tenant}/${periodMicros}`;
}
