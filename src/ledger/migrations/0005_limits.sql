-- Up Migration

-- A tenant's own limits: in place of its plan's on the same meter, window and dimension, or beside them. They hold from the moment
-- they are written, and are in no invoice, so they have no versions.
alter table tenant add column limits jsonb not null default '[]' check (jsonb_typeof(limits) = 'array');

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
