-- Up Migration

-- From the start of one of its periods on, a tenant's periods are counted from another anchor or have another length. A change takes
-- the place of those before it, by id, that were to start where it does or later.
create table calendar_change (
  id bigint generated always as identity primary key,
  tenant text not null references tenant (id),
  -- Of the first period that it makes.
  ordinal integer not null check (ordinal >= 0),
  starts_at timestamptz not null,
  anchor timestamptz not null,
  period_length text not null check (period_length in ('year', 'month', 'week', 'day', 'hour', 'minute')),
  changed_at timestamptz not null
);
create index on calendar_change (tenant, starts_at);
create trigger calendar_change_change before update or delete on calendar_change for each row execute function refuse_change();
create trigger calendar_change_truncate before truncate on calendar_change for each statement execute function refuse_change();
grant select, insert on calendar_change to tollkeeper_app;
grant usage on sequence calendar_change_id_seq to tollkeeper_app;

-- Periods are made ahead of the events that need them. Those that a change leaves out, and that nothing was booked to, are taken back.
grant delete on billing_period to tollkeeper_app;
create function refuse_sealed_period() returns trigger language plpgsql as $$
begin
  if old.sealed_gate_version is not null then
    raise exception 'the period of tenant % from % is sealed: it stays as it is', old.tenant, old.period_start;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end
$$;
create trigger billing_period_delete before delete on billing_period for each row execute function refuse_sealed_period();
create trigger billing_period_end before update of period_start, period_end, ordinal on billing_period
  for each row execute function refuse_sealed_period();

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
