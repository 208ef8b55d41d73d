import type { Tenant } from '../domain/tenant.ts';
import type { RatedTenant } from './inputs.ts';

/** What a bill takes of its tenant; what the tenant does not have is left out. */
export function ratedTenant(tenant: Tenant): RatedTenant {
  const { currency, timeZone, buyer, billTo, taxRates, taxesIncluded, taxExemption, paymentTermsDays } = tenant;
  return {
    currency,
    timeZone,
    buyer,
    billTo,
    taxRates,
    ...(taxesIncluded === undefined ? {} : { taxesIncluded }),
    ...(taxExemption === undefined ? {} : { taxExemption }),
    paymentTermsDays,
  };
}
