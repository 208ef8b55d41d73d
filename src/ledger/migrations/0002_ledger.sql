-- Up Migration

-- Periods are rows, made ahead of the events that need them. Exact instants, computed in the tenant's zone.
create table billing_period (
  tenant text not null references tenant (id),
  period_start timestamptz not null,
  period_end timestamptz not null check (period_end > period_start),
  ordinal integer not null check (ordinal >= 0),
  -- Set when the period is sealed: from that gate version on it takes no more events. The journal fence (epoch, sequence)
  -- is read after the gate moved: every event of the period has a position at or below it.
  sealed_gate_version bigint,
  sealed_epoch bigint,
  sealed_sequence bigint,
  primary key (tenant, period_start),
  unique (tenant, period_end),
  unique (tenant, ordinal)
);

-- The truth behind the gate record in Redis. Changed only by the billing side; the version only rises.
create table gate (
  tenant text primary key references tenant (id),
  version bigint not null check (version > 0),
  sealed_through timestamptz not null
);

-- Where the ledger stands in each shard's journal. Its row lock is what makes draining exactly once.
create table journal_position (
  shard smallint primary key check (shard >= 0),
  epoch bigint not null check (epoch >= 0),
  sequence bigint not null check (sequence >= 0),
  -- The Redis incarnation that this epoch was given to.
  run_id text not null default '',
  master_replid text not null default '',
  -- Tip of the shard's hash chain.
  chain_digest bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000'
    check (octet_length(chain_digest) = 32)
);

create table usage_event (
  occurred_at timestamptz not null,
  tenant text not null,
  id_digest bytea not null check (octet_length(id_digest) = 16),
  event_id text not null,
  type text not null,
  quantity numeric not null check (quantity <> 'NaN' and quantity >= 0),
  -- The one column that erasure may empty.
  properties jsonb,
  -- What the meters read: {"<meter>": "<decimal>"} or {"<meter>": ["<decimal>", {dimensions}]}. Kept apart from the
  -- properties, so that amounts and proofs outlive their erasure.
  readings jsonb not null,
  content_digest bytea not null check (octet_length(content_digest) = 16),
  usage_period timestamptz not null,
  accounting_period timestamptz not null,
  shard smallint not null,
  epoch bigint not null,
  sequence bigint not null,
  catalogue_version bigint not null,
  accepted_at timestamptz not null,
  -- Time first: random digests in front cost 2.5 times the throughput and five times the WAL once the table is large.
  primary key (occurred_at, tenant, id_digest)
) partition by range (occurred_at);

create table usage_hourly (
  tenant text not null,
  usage_period timestamptz not null,
  accounting_period timestamptz not null,
  meter text not null,
  dimensions jsonb not null default '{}',
  -- Start of the hour in the tenant's own zone, as an instant: days come out right in Kathmandu.
  hour timestamptz not null,
  event_count bigint not null check (event_count >= 0),
  quantity_sum numeric not null check (quantity_sum <> 'NaN'),
  quantity_max numeric check (quantity_max <> 'NaN'),
  last_value numeric,
  last_at timestamptz,
  last_epoch bigint,
  last_sequence bigint,
  first_epoch bigint not null,
  first_sequence bigint not null,
  final_epoch bigint not null,
  final_sequence bigint not null,
  primary key (tenant, usage_period, accounting_period, meter, dimensions, hour)
);
comment on column usage_hourly.first_sequence is 'with first_epoch, final_epoch, final_sequence: the ledger range of the row';

create table usage_unique (
  tenant text not null,
  usage_period timestamptz not null,
  accounting_period timestamptz not null,
  meter text not null,
  dimensions jsonb not null default '{}',
  value_digest bytea not null,
  first_at timestamptz not null,
  primary key (tenant, usage_period, accounting_period, meter, dimensions, value_digest)
);

-- Events that the journal carried although the ledger already had their id: accepted by Redis after its dedup window, or
-- replayed after a loss. They are subtracted from the counters by the trim script, guarded by its trimmed-through sequence.
create table refused_duplicate (
  shard smallint not null,
  epoch bigint not null,
  sequence bigint not null,
  tenant text not null,
  id_digest bytea not null,
  occurred_at timestamptz not null,
  accounting_period timestamptz not null,
  usage_period timestamptz not null,
  readings jsonb not null,
  -- What the counters took for it: [["<meter>", "<scaled integer>", "<aggregation>"], ...]. The trim script needs the
  -- integers of the entry's own scales, which the readings do not show.
  counter_changes jsonb not null,
  same_content boolean not null,
  primary key (shard, epoch, sequence)
);

-- One link per drained batch: sha256(previous tip, shard, epoch, first and last sequence, row count, and for every row in
-- sequence order its content digest and the columns that money depends on). A changed, missing or added row breaks the chain
-- from there on. Properties are left to the content digest, so that their erasure keeps the chain whole.
create table drain_batch (
  shard smallint not null,
  epoch bigint not null,
  first_sequence bigint not null,
  last_sequence bigint not null,
  row_count integer not null,
  chain_digest bytea not null check (octet_length(chain_digest) = 32),
  primary key (shard, epoch, last_sequence)
);

-- Poison: one event, or one whole entry that nothing can read. It covers the sequences from first_sequence to sequence.
create table dead_letter (
  id bigint generated always as identity primary key,
  shard smallint not null,
  epoch bigint not null,
  first_sequence bigint not null,
  sequence bigint not null check (sequence >= first_sequence),
  tenant text,
  entry jsonb not null,
  reason text not null,
  at timestamptz not null,
  resolved_at timestamptz,
  unique (shard, epoch, sequence)
);

-- What went wrong with the stores themselves: lost journal ranges, drift. Named, never silent.
create table incident (
  id bigint generated always as identity primary key,
  kind text not null,
  tenant text,
  shard smallint,
  details jsonb not null,
  at timestamptz not null,
  resolved_at timestamptz
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: the ledger only appends', tg_op, tg_table_name
    using errcode = 'integrity_constraint_violation',
          hint = 'write a correction as a new row that names what it corrects';
end
$$;

-- Erasure is the one change an event row may see: its properties become null, nothing else moves.
create function allow_only_erasure() returns trigger language plpgsql as $$
begin
  if new.properties is null and to_jsonb(new) - 'properties' = to_jsonb(old) - 'properties' then
    return new;
  end if;
  raise exception 'update on % is refused: only the erasure of properties is allowed', tg_table_name
    using errcode = 'integrity_constraint_violation',
          hint = 'write a correction as a new row that names what it corrects';
end
$$;

create trigger usage_event_update before update on usage_event for each row execute function allow_only_erasure();
create trigger usage_event_delete before delete on usage_event for each row execute function refuse_change();
create trigger usage_event_truncate before truncate on usage_event for each statement execute function refuse_change();
create trigger refused_duplicate_change before update or delete on refused_duplicate
  for each row execute function refuse_change();
create trigger refused_duplicate_truncate before truncate on refused_duplicate
  for each statement execute function refuse_change();
create trigger drain_batch_change before update or delete on drain_batch for each row execute function refuse_change();
create trigger drain_batch_truncate before truncate on drain_batch for each statement execute function refuse_change();

-- Makes the monthly partitions that [from, to) needs. Runs as its definer, because the application may not create tables.
-- Made beside the table and then attached, which does not hold up the drain (creating a partition in place locks the table
-- against every insert until the caller commits). The advisory lock orders makers; who waited for it may still see the
-- catalogue as it was before, hence the guard. Truncation of a partition passes the parent's trigger, so each gets its own.
create function ensure_event_partitions(range_start timestamptz, range_end timestamptz) returns integer
language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' as $$
declare
  month_start timestamptz := date_trunc('month', range_start);
  partition_name text;
  made integer := 0;
begin
  if range_end - range_start > interval '100 years' then
    raise exception 'refusing to make partitions for more than 100 years: % to %', range_start, range_end;
  end if;
  while month_start < range_end loop
    partition_name := 'usage_event_' || to_char(month_start, 'YYYY_MM');
    if to_regclass(partition_name) is null then
      perform pg_advisory_xact_lock(7_105_101);
      begin
        execute format('create table %I (like usage_event including all)', partition_name);
        execute format('create trigger %I before truncate on %I for each statement execute function refuse_change()',
          partition_name || '_truncate', partition_name);
        execute format('alter table usage_event attach partition %I for values from (%L) to (%L)',
          partition_name, month_start, month_start + interval '1 month');
        made := made + 1;
      exception when duplicate_table then
        null;
      end;
    end if;
    month_start := month_start + interval '1 month';
  end loop;
  return made;
end
$$;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
