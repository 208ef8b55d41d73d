import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import type { Queryable } from './database.ts';

/** Names one step of one cycle: the key under which its result is kept. */
export interface BillingStep {
  readonly tenant: string;
  /** Start of the cycle's period. */
  readonly occasion: InstantText;
  readonly revision: number;
  readonly step: string;
}

const KIND = 'cycle';

/** What a step answered when it was done; `undefined` when it was not done yet. */
export async function readStep<Result extends object>(db: Queryable, step: BillingStep): Promise<Result | undefined> {
  const { rows } = await db.query<{ result: Result }>(
    `
select result from billing_step
where tenant = $1::text and kind = $2::text and occasion = $3::text and revision = $4::integer and step = $5::text`,
    [step.tenant, KIND, step.occasion, step.revision, step.step],
  );
  return rows[0]?.result;
}

/**
 * Keeps what a step answered, in the transaction of its effect. The first result stays.
 *
 * @returns the result that holds
 */
export async function saveStep<Result extends object>(
  client: Queryable,
  step: BillingStep,
  result: Result,
  at: EpochMicros,
): Promise<Result> {
  const { rowCount } = await client.query(
    `
insert into billing_step (tenant, kind, occasion, revision, step, result, at)
values ($1::text, $2::text, $3::text, $4::integer, $5::text, $6::jsonb, $7::timestamptz)
on conflict do nothing`,
    [step.tenant, KIND, step.occasion, step.revision, step.step, JSON.stringify(result), formatInstant(at)],
  );
  return rowCount === 1 ? result : ((await readStep<Result>(client, step)) ?? result);
}
