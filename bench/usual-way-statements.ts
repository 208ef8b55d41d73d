/** The transaction that the usual way runs for each event: the same text for our own client and for pgbench. */
export const BEGIN = 'begin';

/** Locks the tenant's counter and asks whether the limit allows one more. */
export const LOCK_COUNTER = 'select requests, request_limit from usage_counter where tenant = $1::text for update';

/** Keeps the event; a second one with its id is refused by the primary key. */
export const INSERT_EVENT = `insert into usage_record (tenant, event_id, type, occurred_at, quantity, properties)
values ($1::text, $2::text, $3::text, $4::timestamptz, $5::numeric, $6::jsonb)`;

/** Counts it on both meters. */
export const UPDATE_COUNTER =
  'update usage_counter set requests = requests + 1, input_tokens = input_tokens + $2::numeric where tenant = $1::text';

/** Makes it durable. */
export const COMMIT = 'commit';

/** The type of all events that are measured with. */
export const EVENT_TYPE = 'llm.request';

/** Its tables: one row per event, one row per tenant. */
export const SCHEMA = `
create table if not exists usage_counter (
  tenant text primary key,
  requests bigint not null default 0,
  input_tokens numeric not null default 0,
  request_limit bigint not null default 900000000000000
);
create table if not exists usage_record (
  tenant text not null,
  event_id text not null,
  type text not null,
  occurred_at timestamptz not null,
  quantity numeric not null,
  properties jsonb not null,
  recorded_at timestamptz not null default now(),
  primary key (tenant, event_id)
)`;

/** The same transaction as a script for pgbench: `tenants` comes as its variable. */
export function pgbenchScript(): string {
  const tenant = `'t' || lpad(:tenant::text, 3, '0')`;
  const values: Readonly<Record<string, string>> = {
    $1: tenant,
    $2: ':id::text',
    $3: `'${EVENT_TYPE}'`,
    $4: 'now()',
    $5: '1',
    $6: `'{"inputTokens":1234,"outputTokens":123,"model":"large"}'`,
  };
  const filled = (statement: string, own: Readonly<Record<string, string>> = {}): string =>
    statement.replaceAll(/\$\d/g, (name) => `(${own[name] ?? values[name] ?? name})`).replaceAll('\n', ' ');
  return [
    '\\set tenant random(0, :tenants - 1)',
    '\\set id random(1000000000000000000, 9000000000000000000)',
    `${BEGIN};`,
    `${filled(LOCK_COUNTER)};`,
    `${filled(INSERT_EVENT)};`,
    `${filled(UPDATE_COUNTER, { $2: '1234' })};`,
    `${COMMIT};`,
    '',
  ].join('\n');
}
