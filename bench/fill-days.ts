/**
 * Adds the rollups by hour that were filled by hand up to those by day, for tenants whose zone is UTC and whose meters want no last
 * value. Tenants that have days already are left alone.
 */
export const FILL_DAYS = `
insert into usage_daily (tenant, usage_period, accounting_period, meter, dimensions, day, event_count, quantity_sum, quantity_max,
  first_epoch, first_sequence, final_epoch, final_sequence)
select tenant, usage_period, accounting_period, meter, dimensions, date_trunc('day', hour, 'UTC') as day, sum(event_count),
  sum(quantity_sum), max(quantity_max), min(first_epoch), min(first_sequence), max(final_epoch), max(final_sequence)
from usage_hourly
where tenant not in (select tenant from usage_daily)
group by tenant, usage_period, accounting_period, meter, dimensions, day
on conflict do nothing`;
