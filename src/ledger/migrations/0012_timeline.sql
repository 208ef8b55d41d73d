-- Up Migration

-- A tenant's timeline has plan versions and fixed quantities on it: so many seats from one instant to another. Each quantity has
-- a timeline of its own, by its name in the plans that price it.
alter table tenant_item
  drop constraint tenant_item_kind_check,
  add constraint tenant_item_kind_check check (kind in ('plan', 'quantity')),
  add column name text not null default '' check ((kind = 'plan') = (name = '')),
  add column quantity numeric check (quantity >= 0) check ((kind = 'quantity') = (quantity is not null)),
  alter column plan_key drop not null,
  alter column plan_version drop not null,
  add check ((kind = 'plan') = (plan_key is not null and plan_version is not null)),
  drop constraint tenant_item_pkey,
  add primary key (tenant, kind, name, valid_from);

-- What was planned and never came to be leaves the timeline; the audit keeps that it was there.
grant delete on tenant_item to tollkeeper_app;

-- Days after the billing start that cost nothing; null for none.
alter table tenant add column trial_days integer check (trial_days > 0);

-- What the catalogue file says of the tenant's plan: KEY or KEY@VERSION. Only when the file comes to say something else does an
-- apply move the tenant, so that a plan that was changed by command is not changed back by a file that was not touched.
alter table tenant add column plan_of_file text;
update tenant set plan_of_file = (
  select item.plan_key from tenant_item item
  where item.tenant = tenant.id and item.kind = 'plan' and item.valid_to is null
);

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
