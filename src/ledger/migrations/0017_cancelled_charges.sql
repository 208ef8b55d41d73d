-- Up Migration

-- Charges made once that no bill is to have any more. The charge stays as it was made.
create table one_off_cancellation (
  one_off text primary key references one_off (id),
  reason text not null,
  at timestamptz not null
);
create trigger one_off_cancellation_change before update or delete on one_off_cancellation
  for each row execute function refuse_change();
create trigger one_off_cancellation_truncate before truncate on one_off_cancellation
  for each statement execute function refuse_change();

grant select, insert on one_off_cancellation to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
