/** One tenant of a simple catalogue. Instants as YAML takes them; what is left out is the same for every test that does not care. */
export interface SimpleTenant {
  readonly id: string;
  readonly timeZone?: string;
  readonly billingStart: string;
  /** Left out: open. */
  readonly endsAt?: string;
  readonly periodLength: string;
  /** Percent of the only tax; left out: untaxed. */
  readonly taxPercent?: number;
}

/** The prices of a simple catalogue's only plan, in dollars. */
export interface SimplePrices {
  readonly baseFee: string;
  readonly unitPrice: string;
  /** The hard limit on the only meter; left out: none. */
  readonly limit?: number;
}

/**
 * A catalogue (YAML text) with one meter `calls` and one plan `simple`. Its tenants are paused, so that a test decides when their
 * periods are closed: by resuming them.
 */
export function simpleCatalogue({ baseFee, unitPrice, limit }: SimplePrices, tenants: readonly SimpleTenant[]): string {
  return `
issuer: { name: Tollkeeper Test Ltd, addressLines: [] }
meters:
  - { key: calls, aggregation: sum, value: quantity, unit: call }
plans:
  - key: simple
    name: Simple
    currency: USD
    baseFee: ${baseFee}
    charges:
      - { key: calls, meter: calls, description: Calls, price: { model: per_unit, unitPrice: ${unitPrice} } }
    limits: [${limit === undefined ? '' : `{ meter: calls, mode: hard, window: period, limit: ${limit} }`}]
tenants:${tenants.map(tenantYaml).join('')}
`;
}

function tenantYaml({ id, timeZone = 'UTC', billingStart, endsAt, periodLength, taxPercent }: SimpleTenant): string {
  return `
  - id: ${id}
    name: ${id}
    currency: USD
    timeZone: ${timeZone}
    billingStart: "${billingStart}"${endsAt === undefined ? '' : `\n    endsAt: "${endsAt}"`}
    periodLength: ${periodLength}
    lateWindow: 0s
    taxRates: [${taxPercent === undefined ? '' : `{ name: VAT, percent: ${taxPercent} }`}]
    paymentTermsDays: 30
    plan: simple
    paused: true
    buyer: { name: ${id}, addressLines: [] }`;
}
