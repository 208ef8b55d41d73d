import type { Meter, MeterValue } from '../domain/meter.ts';
import type { FixedQuantity, Limit, PlanVersion } from '../domain/plan.ts';
import type { Party, Tenant } from '../domain/tenant.ts';
import type { CatalogueFile, FileLimit, FileMeter, FilePlan, FileTenant } from './catalogue-file.ts';

/** A meter as the file defines it, with its defaults filled in. */
export function meterOf(meter: FileMeter, version: number): Meter {
  return {
    key: meter.key,
    version,
    ...(meter.from === undefined ? {} : { from: meter.from }),
    eventType: meter.eventType ?? meter.key,
    ...aggregationOf(meter),
    value: valueOf(meter),
    filter: meter.filter.map(({ property, equals, in: oneOf, exists }) => ({
      property,
      ...(equals === undefined ? {} : { equals }),
      ...(oneOf === undefined ? {} : { in: oneOf }),
      ...(exists === undefined ? {} : { exists }),
    })),
    dimensions: meter.dimensions,
    unit: meter.unit,
    scale: meter.scale,
  };
}

/** A gauge shows its latest value, and is billed for it by time. */
function aggregationOf({ aggregation }: FileMeter): Pick<Meter, 'aggregation' | 'timeWeighted'> {
  return aggregation === 'time_weighted' ? { aggregation: 'latest', timeWeighted: true } : { aggregation };
}

function valueOf({ value }: FileMeter): MeterValue {
  if (value === 'quantity') return { from: 'quantity' };
  return 'weights' in value
    ? { from: 'weights', weights: value.weights }
    : { from: 'property', property: value.property };
}

/** A price list as the file defines it, with its defaults filled in. */
export function planOf(plan: FilePlan, version: number): PlanVersion {
  return {
    key: plan.key,
    version,
    name: plan.name ?? plan.key,
    currency: plan.currency,
    baseFee: plan.baseFee,
    charges: plan.charges,
    limits: plan.limits.map(limitOf),
    ...givenParts(plan),
  };
}

function fixedQuantityOf({ description, ...fixed }: FilePlan['fixedQuantities'][number]): FixedQuantity {
  return { ...fixed, description: description ?? fixed.key };
}

/** What a plan may have, left out where it has none: plans from before there was such a thing are the same definition. */
function givenParts(plan: FilePlan) {
  const {
    addOn,
    alerts,
    baseFeeDue,
    baseFeeEvery,
    boundsCover,
    commitment,
    fixedQuantities,
    minimum,
    maximum,
    onChange,
  } = plan;
  return {
    ...(addOn ? { addOn } : {}),
    ...(fixedQuantities.length === 0 ? {} : { fixedQuantities: fixedQuantities.map(fixedQuantityOf) }),
    ...(onChange === 'restart' ? {} : { onChange }),
    ...(alerts.length === 0 ? {} : { alerts }),
    ...(baseFeeDue === 'arrears' ? {} : { baseFeeDue }),
    ...(baseFeeEvery === undefined ? {} : { baseFeeEvery }),
    ...(boundsCover === 'charges' ? {} : { boundsCover }),
    ...(commitment === undefined ? {} : { commitment }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
}

/** A tenant as the file defines it. @param billingStart used where the file names none */
export function tenantOf(tenant: FileTenant, billingStart: string, paused: boolean): Tenant {
  const name = tenant.name ?? tenant.id;
  return {
    id: tenant.id,
    name,
    currency: tenant.currency,
    timeZone: tenant.timeZone,
    billingStart: tenant.billingStart ?? billingStart,
    endsAt: tenant.endsAt,
    periodLength: tenant.periodLength,
    lateWindowSeconds: tenant.lateWindow,
    taxRates: tenant.taxRates,
    ...(tenant.trialDays === undefined ? {} : { trialDays: tenant.trialDays }),
    ...(tenant.taxesIncluded ? { taxesIncluded: true } : {}),
    ...(tenant.taxExemption === undefined ? {} : { taxExemption: tenant.taxExemption }),
    paymentTermsDays: tenant.paymentTermsDays,
    billTo: tenant.billTo ?? tenant.id,
    buyer: tenant.buyer === undefined ? { name, addressLines: [], taxIds: [] } : partyOf(tenant.buyer),
    paused,
    limits: tenant.limits.map(limitOf),
  };
}

/** A limit; one on the whole tenant names no dimension, as those did that were stored before there were dimensions. */
export function limitOf({ meter, mode, window, dimension, limit }: FileLimit): Limit {
  return { meter, mode, window, ...(dimension === undefined ? {} : { dimension }), limit };
}

/** An issuer or buyer; a missing e-mail address stays missing. */
export function partyOf(party: NonNullable<CatalogueFile['issuer']>): Party {
  const { name, addressLines, email, taxIds } = party;
  return { name, addressLines, ...(email === undefined ? {} : { email }), taxIds };
}
