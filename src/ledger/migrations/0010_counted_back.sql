-- Up Migration

-- Readings that events were given after they had been accepted, by a meter that came later. The events themselves never change:
-- raw sums are over usage_event and this table together. The columns are those of usage_event, so that both read alike.
create table counted_back (
  occurred_at timestamptz not null,
  tenant text not null,
  id_digest bytea not null check (octet_length(id_digest) = 16),
  meter text not null,
  meter_version integer not null,
  -- Of this one meter, in the form of usage_event.readings.
  readings jsonb not null,
  usage_period timestamptz not null,
  accounting_period timestamptz not null,
  epoch bigint not null,
  sequence bigint not null,
  counted_at timestamptz not null,
  primary key (tenant, meter, occurred_at, id_digest),
  foreign key (meter, meter_version) references meter (key, version)
);

create trigger counted_back_change before update or delete on counted_back
  for each row execute function refuse_change();
create trigger counted_back_truncate before truncate on counted_back
  for each statement execute function refuse_change();

grant select, insert on counted_back to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
