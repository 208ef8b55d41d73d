import { formatInstant, parseInstant } from '../domain/instant.ts';
import { SCALE_MAX } from '../domain/quantity.ts';
import { decodeEntries, readEntries } from '../journal/read-entries.ts';
import type { JournalItem } from '../journal/journal-entry.ts';
import type { AuditMeter, LivePeriod } from '../ledger/audit-sums.ts';
import type { JournalPosition } from '../ledger/journal-position.ts';
import { ACCOUNTS_READ_MAX, type AccountPlace, type CounterAccount, readAccounts } from '../meter/read-accounts.ts';
import { journalKey } from '../meter/keys.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import { type Accounts, addReading, emptyHolding, finestOfScaled } from './accounts.ts';
import { CounterAuditError } from './audit-error.ts';

/** Events behind the ledger that an audit reads at most for one page; past that the drain is what needs help. */
const JOURNAL_EVENTS_MAX = 2_000_000;

/** Where one tenant's counters stand: read at its own cut. */
export interface TenantCut {
  /** The counters have every event at or below this sequence, and none above. */
  readonly cut: number;
  /** Refused events at or below it are not in the counters: taken back, or never counted by a rebuild. */
  readonly taken: number;
  /** Events at or below it came into the counters from the ledger. */
  readonly countedFrom: number;
  readonly isVoid: boolean;
}

/** What Redis says of a page's tenants of one shard, relative to where the ledger stood in the page's snapshot. */
export interface RedisSide {
  readonly tenants: ReadonlyMap<string, TenantCut>;
  /** Tenants with events in the journal that cannot be read; `null` stands for one whose tenant cannot be read either. */
  readonly poisoned: readonly (string | null)[];
}

/** One shard's part of a page. */
export interface ShardPart {
  readonly shard: number;
  /** Where the ledger stood in the snapshot that its sums are read from. */
  readonly position: JournalPosition;
  readonly periods: readonly LivePeriod[];
}

/**
 * Reads counters and what the journal holds between the ledger's position and them. Call it while the shard is pinned since
 * before the position was read: then nothing in between can have been trimmed. Counters are read some at a time, each time at
 * a cut of its own, and every event of the journal is counted for those tenants whose cut it is not above.
 */
export async function readRedisSide(
  meter: UsageMeter,
  part: ShardPart,
  accounts: Accounts,
  meters: ReadonlyMap<string, AuditMeter>,
): Promise<RedisSide> {
  const tenants = new Map<string, TenantCut>();
  let lastCut = part.position.sequence;
  for (const places of chunksByTenant(part.periods)) {
    const { cut, trimmed, accounts: held } = await readAccounts(meter, part.shard, places.map(accountPlace));
    if (cut.epoch !== part.position.epoch || cut.sequence < lastCut) {
      throw new CounterAuditError(`shard ${part.shard} has changed its epoch while it was being read`);
    }
    lastCut = cut.sequence;
    places.forEach((place, index) => {
      const counters = held[index];
      addCounters(accounts, place, counters, meters);
      const countedFrom = counters?.countedFrom ?? 0;
      const trimmedSequence = trimmed.epoch === cut.epoch ? trimmed.sequence : 0;
      const taken = Math.max(countedFrom, trimmedSequence);
      tenants.set(place.tenant, { cut: cut.sequence, taken, countedFrom, isVoid: counters === undefined });
    });
  }
  const poisoned = await readJournal(meter, part, { tenants, lastCut, accounts });
  return { tenants, poisoned };
}

function accountPlace({ tenant, accountingMicros }: LivePeriod): AccountPlace {
  return { tenant, accountingStart: formatInstant(accountingMicros) };
}

/** Cuts the periods into reads; those of one tenant stay together, so that it has one cut. */
function chunksByTenant(periods: readonly LivePeriod[]): LivePeriod[][] {
  const chunks: LivePeriod[][] = [];
  for (const own of Map.groupBy(periods, ({ tenant }) => tenant).values()) {
    if (own.length > ACCOUNTS_READ_MAX) {
      const [{ tenant } = { tenant: '' }] = own;
      throw new CounterAuditError(
        `${tenant} has ${own.length} open periods, more than one read can compare: seal some`,
      );
    }
    const last = chunks.at(-1);
    if (last !== undefined && last.length + own.length <= ACCOUNTS_READ_MAX) last.push(...own);
    else chunks.push([...own]);
  }
  return chunks;
}

/** `<meter>`, `<meter>@<usage period>`, each also with `#n` or `#at`. Anything else is not compared. */
const FIELD = /^([a-z][a-z0-9_]{0,62})(?:@([^#]+))?(#n|#at)?$/;

function addCounters(
  accounts: Accounts,
  { tenant, accountingMicros }: LivePeriod,
  counters: CounterAccount | undefined,
  meters: ReadonlyMap<string, AuditMeter>,
): void {
  for (const [field, text] of counters?.fields ?? []) {
    const [, meter = '', usage, suffix] = FIELD.exec(field) ?? [];
    const usageMicros = usage === undefined ? accountingMicros : parseInstant(usage);
    if (meter === '' || suffix === '#at' || usageMicros === undefined) continue;
    const account = accounts.at({ tenant, accountingMicros, usageMicros, meter });
    account.counter ??= emptyHolding();
    if (suffix === '#n') account.counter.events = BigInt(text);
    else {
      account.counterValue = finestOfScaled(text, meters.get(meter)?.scale ?? 0);
      account.counter.sum = account.counterValue;
    }
  }
}

interface JournalReading {
  readonly tenants: ReadonlyMap<string, TenantCut>;
  readonly lastCut: number;
  readonly accounts: Accounts;
}

async function readJournal(
  meter: UsageMeter,
  { shard, position }: ShardPart,
  reading: JournalReading,
): Promise<(string | null)[]> {
  const poisoned: (string | null)[] = [];
  const context = { redis: meter.redis, journalKey: journalKey(shard) };
  let at: JournalPosition = { epoch: position.epoch, sequence: position.sequence };
  while (at.sequence < reading.lastCut) {
    if (at.sequence - position.sequence > JOURNAL_EVENTS_MAX) {
      throw new CounterAuditError(
        `the journal of shard ${shard} is more than ${JOURNAL_EVENTS_MAX} events ahead of the ledger: is a worker running?`,
      );
    }
    const read = await readEntries(context, at);
    const items: JournalItem[] = [];
    const span = read === undefined ? undefined : decodeEntries(read, (item) => items.push(item));
    if (span === undefined || span.epoch !== at.epoch || span.firstSequence !== at.sequence + 1) {
      throw new CounterAuditError(
        `the journal of shard ${shard} does not hold what follows ${at.epoch}-${at.sequence}: look for incidents`,
      );
    }
    for (const item of items) {
      if (item.kind === 'poison') poisoned.push(item.tenant);
      else addRow(reading, item);
    }
    at = { epoch: span.epoch, sequence: span.lastSequence };
  }
  return poisoned;
}

function addRow({ tenants, accounts }: JournalReading, { sequence, row }: Extract<JournalItem, { kind: 'row' }>): void {
  const own = tenants.get(row.tenant);
  if (own === undefined || own.isVoid || sequence > own.cut) return;
  const { tenant, accountingPeriodMicros: accountingMicros, usagePeriodMicros: usageMicros } = row;
  for (const { meter, aggregation, scale, scaled } of row.contributions) {
    const { journal } = accounts.at({ tenant, accountingMicros, usageMicros, meter });
    const value = BigInt(scaled) * 10n ** BigInt(SCALE_MAX - scale);
    addReading(journal, { aggregation, value, occurredAtMicros: row.occurredAtMicros });
  }
}
