import { canonicalJson } from '../domain/canonical.ts';
import type { Meter } from '../domain/meter.ts';
import { parseQuantity } from '../domain/quantity.ts';
import type { CatalogueProblem } from './catalogue-problem.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';

/**
 * What is wrong with a meter in the light of what it was before, and of what is limited and priced by it.
 *
 * @param index of the meter in the file
 */
export function checkMeter(
  parsed: ParsedCatalogue,
  snapshot: CatalogueSnapshot,
  meter: Meter,
  index: number,
): CatalogueProblem[] {
  const problems: CatalogueProblem[] = [];
  const refuse = (field: string, message: string): number =>
    problems.push(parsed.problemAt(['meters', index, field], message));
  const stored = snapshot.meters.get(meter.key);
  // Running totals of open periods are integers of the old scale and aggregation: a change would misread them.
  if (stored !== undefined && stored.scale !== meter.scale) {
    refuse('scale', `is ${stored.scale} since version 1 and cannot change: define a meter with another key`);
  }
  if (stored !== undefined && fileAggregation(stored) !== fileAggregation(meter)) {
    refuse(
      'aggregation',
      `is ${fileAggregation(stored)} since version 1 and cannot change: define a meter with another key`,
    );
  }
  // A gauge holds until its next event: that of the dimensions before would hold for ever, beside the new one.
  if (stored?.timeWeighted === true && canonicalJson(stored.dimensions) !== canonicalJson(meter.dimensions)) {
    refuse('dimensions', 'of a time_weighted meter cannot change: define a meter with another key');
  }
  if (meter.aggregation === 'unique' && meter.value.from !== 'property') {
    refuse('value', 'must name the property whose values are told apart: write value: { property: NAME }');
  }
  for (const { path, message } of weightProblems(meter)) refuse(path, message);
  if (new Set(meter.dimensions).size < meter.dimensions.length) refuse('dimensions', 'names a property twice');
  const isLost = (dimension: string): boolean => !meter.dimensions.includes(dimension);
  const unlimited = limitedDimensions(snapshot, meter.key).filter(isLost);
  if (unlimited.length > 0) {
    refuse('dimensions', `must keep ${unlimited.join(', ')}, whose values a plan or tenant limits`);
  }
  const unpriced = pricedDimensions(snapshot, meter.key).filter(isLost);
  if (unpriced.length > 0)
    refuse('dimensions', `must keep ${unpriced.join(', ')}, by whose values a plan or tenant prices`);
  return problems;
}

/** The name that the file has for it. */
function fileAggregation({ aggregation, timeWeighted }: Meter): string {
  return timeWeighted === true ? 'time_weighted' : aggregation;
}

/** What is wrong with the weights of a meter. Whole numbers of every property must fit its scale, or good events would be refused. */
function weightProblems({ value, aggregation, scale }: Meter): { readonly path: string; readonly message: string }[] {
  if (value.from !== 'weights') return [];
  if (aggregation === 'count') {
    return [{ path: 'value', message: 'is never read, since count counts events: write aggregation: sum' }];
  }
  return Object.entries(value.weights).flatMap(([property, weight]) => {
    if (parseQuantity(weight, scale) !== undefined) return [];
    const message = `weighs ${property} with ${weight}, which does not fit the scale of ${scale} digits behind the point: raise scale`;
    return [{ path: 'value', message }];
  });
}

/** The dimensions of a meter by whose values some plan version or tenant is limited: a limit must not lose what it counts by. */
function limitedDimensions({ planVersions, tenants }: CatalogueSnapshot, meter: string): readonly string[] {
  const limits = [
    ...[...planVersions.values()].flatMap((plan) => plan.limits),
    ...[...tenants.values()].flatMap(({ tenant }) => tenant.limits),
  ];
  const dimensions = limits.flatMap((limit) =>
    limit.meter === meter && limit.dimension !== undefined ? [limit.dimension] : [],
  );
  return [...new Set(dimensions)];
}

/**
 * The dimensions of a meter that some plan version, or price of a tenant's own, prices by: it may have tenants, or bill late usage, as long
 * as it exists.
 */
function pricedDimensions({ planVersions, tenants }: CatalogueSnapshot, meter: string): readonly string[] {
  const charges = [
    ...[...planVersions.values()].flatMap((plan) => plan.charges),
    ...[...tenants.values()].flatMap(({ prices }) => prices.map(({ charge }) => charge)),
  ];
  const ofMeter = charges.filter((charge) => charge.meter === meter);
  const dimensions = ofMeter.flatMap(({ filter = {}, groupBy, price }) => [
    ...Object.keys(filter),
    ...(groupBy === undefined ? [] : [groupBy]),
    ...(price.model === 'matrix' ? price.dimensions : []),
  ]);
  return [...new Set(dimensions)];
}
