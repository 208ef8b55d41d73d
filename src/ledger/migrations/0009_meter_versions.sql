-- Up Migration

-- The instant from which events are read by a version of a meter; null: always, unless a later version holds. Versions from
-- before there was this column keep what they had: the newest of them reads whatever comes.
alter table meter add column valid_from timestamptz;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
