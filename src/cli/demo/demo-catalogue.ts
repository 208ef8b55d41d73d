import { isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';

import { CliError } from '../cli-error.ts';

/** How a meter reads an event: the demo knows counts and sums of a property. */
export interface DemoMeter {
  readonly key: string;
  readonly eventType: string;
  readonly aggregation: 'count' | 'sum';
  readonly value?: { readonly property: string };
}

/** A price as the file has it; decimals as text. */
export type DemoPrice =
  | { readonly model: 'per_unit'; readonly unitPrice: string }
  | {
      readonly model: 'graduated';
      readonly bands: readonly {
        readonly upTo?: string | null;
        readonly unitPrice: string;
        readonly flatFee?: string;
      }[];
    }
  | { readonly model: 'package'; readonly size: string; readonly packagePrice: string; readonly freeUnits?: string };

/** One charge of a demo plan, in the catalogue file's words. */
export interface DemoCharge {
  readonly key: string;
  readonly meter: string;
  readonly includedUnits?: string;
  readonly price: DemoPrice;
}

/** One plan of the demo, in the catalogue file's words. */
export interface DemoPlan {
  readonly key: string;
  readonly currency: string;
  readonly baseFee?: string;
  readonly charges?: readonly DemoCharge[];
  readonly limits?: readonly { readonly meter: string; readonly mode: string; readonly limit: string }[];
}

/** A tenant of the demo with everything its bill depends on. */
export interface DemoTenant {
  /** The id in the file with the run's name behind it. */
  readonly id: string;
  readonly name: string;
  readonly plan: DemoPlan;
  readonly taxRates: readonly { readonly name: string; readonly percent: string }[];
}

/** The catalogue of one run. */
export interface DemoCatalogue {
  /** The file to apply. */
  readonly yaml: string;
  readonly eventType: string;
  readonly meters: readonly DemoMeter[];
  readonly tenants: readonly DemoTenant[];
}

/** What a run changes in the file. */
export interface DemoRun {
  /** Set behind every tenant's id, so that the demo can be run again on the same data. */
  readonly name: string;
  /** RFC 3339 */
  readonly billingStart: string;
  readonly lateWindowSeconds: number;
}

interface FileContent {
  readonly meters: readonly (Omit<DemoMeter, 'eventType'> & { readonly eventType?: string })[];
  readonly plans: readonly DemoPlan[];
  readonly tenants: readonly {
    readonly id: string;
    readonly name: string;
    readonly plan: string;
    readonly taxRates?: DemoTenant['taxRates'];
  }[];
}

/**
 * Reads the example catalogue and makes this run's own of it: other tenant ids, billing from this minute. Every number is kept as it is
 * spelled, as text, so that none becomes a float on the way.
 */
export function demoCatalogue(text: string, fileName: string, run: DemoRun): DemoCatalogue {
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) throw new CliError(`${fileName}: ${fault.message}`);
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'number' && node.source !== undefined) node.value = node.source;
    },
  });
  const tenants = document.get('tenants');
  for (const tenant of isSeq(tenants) ? tenants.items : []) {
    if (!isMap(tenant)) continue;
    const id = tenant.get('id', true);
    if (isScalar(id)) id.value = `${String(id.value)}-${run.name}`;
    tenant.set('billingStart', run.billingStart);
    tenant.set('periodLength', 'minute');
    tenant.set('lateWindow', `${run.lateWindowSeconds}s`);
  }
  const content = document.toJS() as FileContent;
  const meters = content.meters.map((meter) => ({ ...meter, eventType: meter.eventType ?? meter.key }));
  const [first] = meters;
  if (first === undefined || meters.some(({ eventType }) => eventType !== first.eventType)) {
    throw new CliError(`${fileName}: the demo needs meters that all take one event type`);
  }
  return {
    yaml: document.toString(),
    eventType: first.eventType,
    meters,
    tenants: content.tenants.map((tenant) => ({
      id: tenant.id,
      name: tenant.name,
      plan: planOf(content, tenant.plan, fileName),
      taxRates: tenant.taxRates ?? [],
    })),
  };
}

function planOf(content: FileContent, key: string, fileName: string): DemoPlan {
  const plan = content.plans.find((candidate) => candidate.key === key);
  if (plan === undefined) throw new CliError(`${fileName}: there is no plan ${key}: add it to plans`);
  return plan;
}
