import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { safeInteger } from './journal-position.ts';

/** The truth behind a tenant's gate record in Redis. The version only rises. */
export interface Gate {
  readonly version: number;
  /** Periods that end at or before it take no more events. */
  readonly sealedThroughMicros: EpochMicros;
}

interface GateRow {
  readonly version: string;
  readonly sealed_through: string;
}

const READ_GATE = `select version, ${microsSql('sealed_through')} as sealed_through from gate where tenant = $1::text`;

/** Reads a tenant's gate; `undefined` for a tenant that has none. */
export async function readGate(db: Queryable, tenant: string): Promise<Gate | undefined> {
  return gateOf((await db.query<GateRow>(READ_GATE, [tenant])).rows[0]);
}

/** Reads and locks a tenant's gate: whoever holds it is the only one who seals that tenant's periods. */
export async function lockGate(client: Queryable, tenant: string): Promise<Gate | undefined> {
  return gateOf((await client.query<GateRow>(`${READ_GATE} for update`, [tenant])).rows[0]);
}

/** Locks the gates of several tenants, in order of their ids, and reads them. */
export async function lockGates(client: Queryable, tenants: readonly string[]): Promise<ReadonlyMap<string, Gate>> {
  const { rows } = await client.query<GateRow & { readonly tenant: string }>(
    `select tenant, version, ${microsSql('sealed_through')} as sealed_through
     from gate where tenant = any($1::text[]) order by tenant for update`,
    [tenants],
  );
  return new Map(
    rows.flatMap((row) => {
      const gate = gateOf(row);
      return gate === undefined ? [] : [[row.tenant, gate] as const];
    }),
  );
}

/** Makes a new tenant's gate, version 1, with nothing sealed since the billing start. One that exists stays as it is. */
export async function ensureGate(client: Queryable, tenant: string, billingStart: EpochMicros): Promise<void> {
  await client.query(
    `
insert into gate (tenant, version, sealed_through)
values ($1::text, 1, $2::timestamptz)
on conflict do nothing`,
    [tenant, formatInstant(billingStart)],
  );
}

function gateOf(row: GateRow | undefined): Gate | undefined {
  if (row === undefined) return undefined;
  return { version: safeInteger(row.version), sealedThroughMicros: readMicros(row.sealed_through) };
}
