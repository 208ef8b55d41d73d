import type { JsonValue } from '../domain/event.ts';
import { formatInstant } from '../domain/instant.ts';
import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { microsSql, readMicros } from '../ledger/columns.ts';
import type { Queryable } from '../ledger/database.ts';

/** One cycle of a tenant: where it stands and what came of it. */
export interface CycleRecord {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly periodEnd: InstantText;
  readonly revision: number;
  readonly stage: string;
  readonly workflowId: string;
  readonly updatedAt: InstantText;
  /** From which gate version on the period takes no more events; `null` while it is open. */
  readonly sealedGateVersion: string | null;
  readonly invoiceId: string | null;
  readonly invoiceNumber: string | null;
  readonly invoiceStatus: string | null;
  /** What the step `reconcile` answered; `null` before it. */
  readonly reconciliation: JsonValue;
  /** Open incidents that name this tenant and period: why a cycle is held. */
  readonly incidents: readonly { readonly kind: string; readonly details: JsonValue }[];
}

interface CycleRow {
  readonly period_start: string;
  readonly period_end: string;
  readonly revision: number;
  readonly stage: string;
  readonly workflow_id: string;
  readonly updated_at: string;
  readonly sealed_gate_version: string | null;
  readonly invoice_id: string | null;
  readonly invoice_number: string | null;
  readonly invoice_status: string | null;
  readonly reconciliation: JsonValue;
  readonly incidents: CycleRecord['incidents'];
}

/** The occasion of a cycle's steps and invoice is its period's start in its one canonical form. */
const OCCASION = `replace(to_char(c.period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || 'Z'`;

const READ_CYCLES = `
select ${microsSql('c.period_start')} as period_start, ${microsSql('p.period_end')} as period_end, c.revision, c.stage,
  c.workflow_id, ${microsSql('c.updated_at')} as updated_at, p.sealed_gate_version::text as sealed_gate_version,
  i.id as invoice_id, i.number as invoice_number, i.status as invoice_status, s.result as reconciliation,
  coalesce((
    select jsonb_agg(jsonb_build_object('kind', n.kind, 'details', n.details) order by n.id)
    from incident n
    where n.tenant = c.tenant and n.resolved_at is null and n.details ->> 'periodStart' = ${OCCASION}
  ), '[]'::jsonb) as incidents
from billing_cycle c
join billing_period p on p.tenant = c.tenant and p.period_start = c.period_start
left join invoice i on i.tenant = c.tenant and i.kind = 'cycle' and i.occasion = ${OCCASION} and i.revision = c.revision
left join billing_step s on s.tenant = c.tenant and s.kind = 'cycle' and s.occasion = ${OCCASION}
  and s.revision = c.revision and s.step = 'reconcile'
where c.tenant = $1::text and ($2::timestamptz is null or (c.period_start, c.revision) < ($2::timestamptz, $3::integer))
order by c.period_start desc, c.revision desc
limit $4::integer`;

/** A place in the list: the cycle that the page before ended with. */
export interface CyclePlace {
  readonly periodStartMicros: EpochMicros;
  readonly revision: number;
}

/** A tenant's cycles, newest first. */
export async function readCycles(
  db: Queryable,
  query: { readonly tenant: string; readonly after: CyclePlace | null; readonly limit: number },
): Promise<readonly CycleRecord[]> {
  const after = query.after === null ? null : formatInstant(query.after.periodStartMicros);
  const values = [query.tenant, after, query.after?.revision ?? null, query.limit];
  const { rows } = await db.query<CycleRow>(READ_CYCLES, values);
  return rows.map((row) => ({
    tenant: query.tenant,
    periodStart: formatInstant(readMicros(row.period_start)),
    periodEnd: formatInstant(readMicros(row.period_end)),
    revision: row.revision,
    stage: row.stage,
    workflowId: row.workflow_id,
    updatedAt: formatInstant(readMicros(row.updated_at)),
    sealedGateVersion: row.sealed_gate_version,
    invoiceId: row.invoice_id,
    invoiceNumber: row.invoice_number,
    invoiceStatus: row.invoice_status,
    reconciliation: row.reconciliation,
    incidents: row.incidents,
  }));
}

/** The newest revision of a period's cycle; `undefined` when it has none. */
export async function newestRevision(
  db: Queryable,
  tenant: string,
  periodStartMicros: EpochMicros,
): Promise<number | undefined> {
  const { rows } = await db.query<{ revision: number | null }>(
    'select max(revision) as revision from billing_cycle where tenant = $1::text and period_start = $2::timestamptz',
    [tenant, formatInstant(periodStartMicros)],
  );
  return rows[0]?.revision ?? undefined;
}
