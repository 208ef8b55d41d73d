-- Up Migration

-- The same figures as usage_hourly, by the day of the tenant's own zone: written from the same events in the same transaction, and
-- read wherever whole days are asked for, which is a twenty-fourth of the rows (decision 34).
create table usage_daily (
  tenant text not null,
  usage_period timestamptz not null,
  accounting_period timestamptz not null,
  meter text not null,
  dimensions jsonb not null default '{}',
  -- First instant of the day in the tenant's own zone.
  day timestamptz not null,
  event_count bigint not null check (event_count >= 0),
  quantity_sum numeric not null check (quantity_sum <> 'NaN'),
  quantity_max numeric check (quantity_max <> 'NaN'),
  last_value numeric,
  last_at timestamptz,
  last_epoch bigint,
  last_sequence bigint,
  first_epoch bigint not null,
  first_sequence bigint not null,
  final_epoch bigint not null,
  final_sequence bigint not null,
  primary key (tenant, usage_period, accounting_period, meter, dimensions, day)
) with (fillfactor = 70);

-- The hour and the day that run are updated with every batch. Room on their pages keeps the index out of that: of updates within a
-- full page one in seven did without it, with this room six in seven do, which saves as much WAL as the days cost.
alter table usage_hourly set (fillfactor = 70);

-- Where a local day begins, as src/domain/calendar-hour.ts has it: the first instant at which the wall shows that midnight or later.
-- PostgreSQL takes the second midnight where there are two, so the offset of the day before is asked first.
create function local_midnight(midnight timestamp, zone text) returns timestamptz language sql as $$
  select case when first_shown.at at time zone zone = midnight then first_shown.at else midnight at time zone zone end
  from (
    select midnight at time zone 'UTC' - ((noon_before at time zone zone) - (noon_before at time zone 'UTC')) as at
    from (select midnight at time zone zone - interval '24 hours' as noon_before) as before
  ) as first_shown
$$;

create function local_day(hour timestamptz, zone text) returns timestamptz language sql as $$
  select case when next.at <= hour then next.at else local_midnight(date_trunc('day', hour at time zone zone), zone) end
  from (select local_midnight(date_trunc('day', hour at time zone zone) + interval '1 day', zone) as at) as next
$$;

insert into usage_daily (tenant, usage_period, accounting_period, meter, dimensions, day, event_count, quantity_sum, quantity_max,
  last_value, last_at, last_epoch, last_sequence, first_epoch, first_sequence, final_epoch, final_sequence)
select tenant, usage_period, accounting_period, meter, dimensions, day, sum(event_count), sum(quantity_sum), max(quantity_max),
  (array_agg(last_value order by last_at desc nulls last, last_epoch desc, last_sequence desc))[1],
  (array_agg(last_at order by last_at desc nulls last, last_epoch desc, last_sequence desc))[1],
  (array_agg(last_epoch order by last_at desc nulls last, last_epoch desc, last_sequence desc))[1],
  (array_agg(last_sequence order by last_at desc nulls last, last_epoch desc, last_sequence desc))[1],
  (min(array[first_epoch, first_sequence]))[1], (min(array[first_epoch, first_sequence]))[2],
  (max(array[final_epoch, final_sequence]))[1], (max(array[final_epoch, final_sequence]))[2]
from (
  select hourly.*, local_hour.day
  from usage_hourly hourly
  join (
    select id, hour, local_day(hour, tenant.time_zone) as day
    from (select distinct tenant, hour from usage_hourly) as used
    join tenant on tenant.id = used.tenant
  ) as local_hour on local_hour.id = hourly.tenant and local_hour.hour = hourly.hour
) as placed
group by tenant, usage_period, accounting_period, meter, dimensions, day;

drop function local_day(timestamptz, text);
drop function local_midnight(timestamp, text);

grant select, insert, update on usage_daily to tollkeeper_app;

-- Down Migration
-- There is none: money is never migrated backwards. Restore a backup instead (docs/operations.md).
