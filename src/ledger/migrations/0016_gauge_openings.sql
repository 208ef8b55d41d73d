-- Up Migration

-- Leads from a gauge (a meter and its dimensions) to the last day on which it was set, however long ago that is: what it shows as a
-- period begins. Rows of no value (distinct ones) are not in it; the condition names a column that does not change while the epoch
-- of Redis does not, so that updates of a day that runs still leave every index alone.
create index usage_daily_last on usage_daily (tenant, meter, dimensions, day) where last_epoch is not null;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
