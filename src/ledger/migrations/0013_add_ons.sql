-- Up Migration

-- A tenant may hold plans beside the first one, and have prices of its own. Each has a timeline by its name: the key of the add-on,
-- or of the charge that it replaces.
alter table tenant_item
  drop constraint tenant_item_kind_check,
  add constraint tenant_item_kind_check check (kind in ('plan', 'quantity', 'add_on', 'price')),
  drop constraint tenant_item_check3,
  add constraint tenant_item_plan_check check ((kind in ('plan', 'add_on')) = (plan_key is not null and plan_version is not null)),
  add constraint tenant_item_add_on_check check (kind <> 'add_on' or name = plan_key),
  -- Of a price: the whole charge, as plans have theirs in their definition.
  add column charge jsonb,
  add constraint tenant_item_price_check check ((kind = 'price') = (charge is not null));

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
