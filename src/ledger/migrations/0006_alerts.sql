-- Up Migration

-- A threshold of a tenant's plan that its usage has reached: written once for each period, meter and threshold, whoever finds it first.
-- The threshold's quantity belongs to its identity: under another plan the same rule may mean another quantity, which is reached anew.
create table alert (
  id text primary key check (id ~ '^alr_[a-z2-7]{26}$'),
  tenant text not null,
  period_start timestamptz not null,
  meter text not null,
  -- The rule: limit:0.8, included:1, quantity:50000.
  threshold text not null check (threshold ~ '^(limit|included|quantity):[0-9]+([.][0-9]+)?$'),
  -- Both in whole units: where it lies, and what the usage was when it was found to be reached.
  threshold_quantity numeric not null check (threshold_quantity >= 0 and threshold_quantity <> 'NaN'),
  quantity numeric not null check (quantity >= threshold_quantity and quantity <> 'NaN'),
  at timestamptz not null,
  unique (tenant, period_start, meter, threshold, threshold_quantity),
  foreign key (tenant, period_start) references billing_period (tenant, period_start)
);
create index alert_newest on alert (at desc, id desc);
create index alert_newest_of_tenant on alert (tenant, at desc, id desc);

create trigger alert_change before update or delete on alert for each row execute function refuse_change();
create trigger alert_truncate before truncate on alert for each statement execute function refuse_change();

grant select, insert on alert to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
