import { SCALE_MAX } from '../domain/quantity.ts';
import { decodeLetter } from '../journal/decode-letter.ts';
import { JournalDataError, type JournalRow } from '../journal/journal-entry.ts';
import type { AuditMeter } from '../ledger/audit-sums.ts';
import type { Queryable } from '../ledger/database.ts';
import type { JournalPosition } from '../ledger/journal-position.ts';
import { lettersOfEpoch, type RefusedSum, refusedSums, type SetAsideLetter } from '../ledger/set-aside.ts';
import { type Account, type Accounts, addReading, finestOfScaled } from './accounts.ts';
import type { RedisSide } from './read-redis-side.ts';

/** What a page's snapshot says was set aside, and whose dead letters nobody can read. */
export interface SetAsideOptions {
  readonly shard: number;
  readonly position: JournalPosition;
  readonly side: RedisSide;
  readonly accounts: Accounts;
  readonly meters: ReadonlyMap<string, AuditMeter>;
}

/** Dead letters that cannot be read, by tenant; `null`: of nobody knows whom. */
export type Unreadable = ReadonlyMap<string | null, number>;

/**
 * Adds what is in the counters and not in the ledger, and takes from the journal what is in it and not in the counters.
 *
 * @param snapshot the one that the sums are read from
 * @param present reads what was committed since: what the counters have given back meanwhile
 */
export async function readSetAside(
  snapshot: Queryable,
  present: Queryable,
  options: SetAsideOptions,
): Promise<Unreadable> {
  const { shard, position, side } = options;
  const { epoch, sequence } = position;
  const tenants = [...side.tenants].filter(([, { isVoid }]) => !isVoid);
  const journal = { shard, epoch };
  // Refused by the ledger, and not given back by the counters yet.
  const pending = tenants.map(([tenant, { taken }]) => ({ tenant, after: taken, through: sequence }));
  for (const sum of await refusedSums(snapshot, journal, pending)) addRefused(options, sum);
  // Still in the journal as this audit has read it, but refused and given back before the counters were read.
  const gone = tenants.map(([tenant, { taken, cut }]) => ({
    tenant,
    after: sequence,
    through: Math.min(taken, cut),
  }));
  for (const sum of await refusedSums(present, journal, gone)) takeRefused(options, sum);
  return readDeadLetters(snapshot, options);
}

function accountOf({ accounts, meters }: SetAsideOptions, sum: RefusedSum): [Account, number] {
  return [accounts.at(sum), meters.get(sum.meter)?.scale ?? 0];
}

function addRefused(options: SetAsideOptions, sum: RefusedSum): void {
  const [{ setAside, setAsideValues }, scale] = accountOf(options, sum);
  setAside.events += BigInt(sum.eventCount);
  setAside.sum += finestOfScaled(sum.scaledSum, scale);
  for (const value of sum.scaledValues) setAsideValues.add(finestOfScaled(value, scale));
}

/** Maxima and latest values are never given back: the value stays a possible one. */
function takeRefused(options: SetAsideOptions, sum: RefusedSum): void {
  const [{ journal, setAsideValues }, scale] = accountOf(options, sum);
  journal.events -= BigInt(sum.eventCount);
  journal.sum -= finestOfScaled(sum.scaledSum, scale);
  for (const value of sum.scaledValues) setAsideValues.add(finestOfScaled(value, scale));
}

async function readDeadLetters(snapshot: Queryable, options: SetAsideOptions): Promise<Unreadable> {
  const { shard, position, side } = options;
  const unreadable = new Map<string | null, number>();
  const count = (tenant: string | null): void => void unreadable.set(tenant, (unreadable.get(tenant) ?? 0) + 1);
  side.poisoned.forEach(count);
  for (const letter of await lettersOfEpoch(snapshot, { shard, epoch: position.epoch })) {
    const rows = rowsOf(letter);
    if (rows !== undefined) for (const row of rows) addSetAside(options, row);
    else if (letter.tenant === null || isCounted(side, letter.tenant, letter.sequence)) count(letter.tenant);
  }
  return unreadable;
}

/** What a letter stands for, where the program as it is now can read it: then its amounts are known. */
function rowsOf(letter: SetAsideLetter): readonly JournalRow[] | undefined {
  try {
    return decodeLetter(letter);
  } catch (error) {
    if (error instanceof JournalDataError) return undefined;
    throw error;
  }
}

/** Whether the tenant's counters have the event: a rebuild behind it took only what the ledger has. */
function isCounted({ tenants }: RedisSide, tenant: string, sequence: number): boolean {
  const own = tenants.get(tenant);
  return own !== undefined && !own.isVoid && sequence > own.countedFrom;
}

function addSetAside({ accounts, side }: SetAsideOptions, row: JournalRow): void {
  if (!isCounted(side, row.tenant, row.sequence)) return;
  const { tenant, accountingPeriodMicros: accountingMicros, usagePeriodMicros: usageMicros, occurredAtMicros } = row;
  for (const { meter, aggregation, scale, scaled } of row.contributions) {
    const account = accounts.at({ tenant, accountingMicros, usageMicros, meter });
    const value = BigInt(scaled) * 10n ** BigInt(SCALE_MAX - scale);
    addReading(account.setAside, { aggregation, value, occurredAtMicros });
    account.setAsideValues.add(value);
  }
}
