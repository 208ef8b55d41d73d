-- Up Migration

-- Usage that was refused: counted, because it is revenue that was turned away. Statistics, not books: rows are added up in place.
-- The hour is that of arrival, in the tenant's zone, by its start.
create table refusal (
  tenant text not null references tenant (id),
  hour timestamptz not null,
  meter text not null,
  reason text not null,
  event_count bigint not null check (event_count > 0),
  -- Whole units; null for meters whose values do not add up.
  quantity numeric check (quantity >= 0 and quantity <> 'NaN'),
  primary key (tenant, hour, meter, reason)
);

grant select, insert, update on refusal to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
