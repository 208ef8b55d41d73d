import type { Queryable } from './database.ts';

/** What the ledger shows of the installation's health. Counts only: no tenant, no amount. */
export interface LedgerSigns {
  /** Poison that nobody has resolved; its tenants are not billed. */
  readonly deadLettersOpen: number;
  /** Incidents that nobody has resolved, by kind. */
  readonly incidentsOpen: readonly SignCount[];
  /** Cycles that are not over, by stage. */
  readonly cyclesOpen: readonly SignCount[];
  /** Numbers given out, by series: gapless, so it is the count of issued documents since the beginning. */
  readonly invoicesIssued: readonly SignCount[];
  /** Sessions of this database that wait for a lock now. */
  readonly lockWaits: number;
}

/** One value and how often it occurs. */
export interface SignCount {
  readonly name: string;
  readonly count: number;
}

/**
 * One statement, so that a look costs one connection for one round trip. `pg_locks` and the owner of a session are told to every
 * role; what a session waits for is not, hence the join.
 */
const READ_SIGNS = `
select 'dead_letters' as sign, '' as name, count(*) as count from dead_letter where resolved_at is null
union all
select 'incidents', kind, count(*) from incident where resolved_at is null group by kind
union all
select 'cycles', stage, count(*) from billing_cycle where stage not in ('issued', 'synced', 'settled') group by stage
union all
select 'invoices', series, last_number from invoice_series
union all
select 'lock_waits', '', count(*) from pg_locks
join pg_stat_activity activity using (pid)
where not granted and activity.datname = current_database()`;

interface SignRow {
  readonly sign: 'dead_letters' | 'incidents' | 'cycles' | 'invoices' | 'lock_waits';
  readonly name: string;
  readonly count: string;
}

/** Reads the signs. Rejects as the driver does when PostgreSQL does not answer. */
export async function readLedgerSigns(db: Queryable): Promise<LedgerSigns> {
  const { rows } = await db.query<SignRow>({ name: 'read_ledger_signs', text: READ_SIGNS });
  const named = (sign: SignRow['sign']): SignCount[] =>
    rows.filter((row) => row.sign === sign).map(({ name, count }) => ({ name, count: Number(count) }));
  const only = (sign: SignRow['sign']): number => named(sign)[0]?.count ?? 0;
  return {
    deadLettersOpen: only('dead_letters'),
    incidentsOpen: named('incidents'),
    cyclesOpen: named('cycles'),
    invoicesIssued: named('invoices'),
    lockWaits: only('lock_waits'),
  };
}
