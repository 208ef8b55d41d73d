import { type InstantText, requireInstant } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import { SCALE_MAX } from '../domain/quantity.ts';
import { addOnInputs } from './add-ons.ts';
import { type Exact, exact, ZERO } from './exact.ts';
import type { ChargeUsage, RatedSpan, RatingInputs } from './inputs.ts';
import { priceCharge } from './price-charge.ts';
import { UnpricedQuantityError } from './problem.ts';
import { roundTo } from './rounding.ts';
import { readingOf } from './reading-of.ts';

/**
 * The inputs of a period that is not over, as they would be at its end if usage went on as it has until an instant: linear by elapsed
 * time, counted in the span of the plan that runs. Quantities that add up grow, and are priced as they then are; a maximum, a latest value
 * and a number of distinct values stay. So does a gauge over time: its usage is that of the whole span already, as if it stayed as it is.
 * Charges that price hours, days or single events keep what they came to per time instead.
 * Fees are whole, as they are anyway. A span that has not begun is given what the charge of the same key has had until now, per time.
 *
 * `null` where no time has passed, so that nothing can be said.
 */
export function projectInputs(inputs: RatingInputs, at: InstantText): RatingInputs | null {
  const spans = projectSpans(inputs, at);
  if (spans === null) return inputs.spans.every((span) => isOver(span, at)) ? inputs : null;
  if (inputs.addOns === undefined) return { ...inputs, spans };
  // An add-on that has not begun, or has begun just now, is taken as it is: nothing is known of its usage.
  return { ...inputs, spans, addOns: addOnInputs(inputs).flatMap((own) => projectSpans(own, at) ?? own.spans) };
}

/** The spans of one plan or add-on; `null` where none is running, or no time of it has passed. */
function projectSpans(inputs: RatingInputs, at: InstantText): readonly RatedSpan[] | null {
  const running = inputs.spans.find((span) => requireInstant(span.from) <= requireInstant(at) && !isOver(span, at));
  const elapsed = running === undefined ? ZERO : lengthOf(running.from, at);
  if (running === undefined || elapsed.isZero) return null;
  return inputs.spans.map((span) => {
    if (isOver(span, at)) return span;
    const factor = lengthOf(span.from, span.to).dividedBy(elapsed);
    return projectSpan(inputs, span, running.usage, factor);
  });
}

function isOver({ to }: RatedSpan, at: InstantText): boolean {
  return requireInstant(to) <= requireInstant(at);
}

function lengthOf(from: InstantText, to: InstantText): Exact {
  return exact(BigInt(requireInstant(to) - requireInstant(from)));
}

function projectSpan(inputs: RatingInputs, span: RatedSpan, soFar: readonly ChargeUsage[], factor: Exact): RatedSpan {
  const charges: Charge[] = [];
  const usage: ChargeUsage[] = [];
  for (const charge of span.planVersion.charges) {
    const meter = inputs.meters.find(({ key }) => key === charge.meter);
    const isGauge = meter?.timeWeighted === true;
    const used = (isGauge ? span.usage : soFar).find((one) => one.charge === charge.key);
    const isByCost = used !== undefined && meter !== undefined && isPricedByCost(charge);
    charges.push(isByCost ? projectCost(charge, used, { meter, factor, currency: inputs.tenant.currency }) : charge);
    if (used !== undefined && meter !== undefined) usage.push(projectUsage(used, meter, factor));
  }
  const planVersion: PlanVersion = { ...span.planVersion, charges };
  return { ...span, planVersion, usage };
}

/** Whether more usage means more hours, days or events, of which nobody knows how they will look. */
function isPricedByCost(charge: Charge): boolean {
  const reading = readingOf(charge);
  return reading.reads === 'events' || (reading.reads === 'parts' && reading.bucket !== null);
}

/** Digits behind the point of a projected amount: a projection is no bill. */
const PROJECTED_DIGITS = 6;

/** The charge as a fee of what its price has come to until now, per time. What stands around the price is for the period, and does not grow. */
function projectCost(
  charge: Charge,
  used: ChargeUsage,
  { meter, factor, currency }: { readonly meter: Meter; readonly factor: Exact; readonly currency: string },
): Charge {
  const { discount, commitment, minimum, maximum, ...alone } = charge;
  const { key, meter: meterKey, description } = alone;
  try {
    const { aggregation } = meter;
    const { amount } = priceCharge(alone, used, { aggregation, currency });
    return {
      key,
      meter: meterKey,
      description,
      includedUnits: '0',
      price: { model: 'flat', amount: roundTo(amount.times(factor), PROJECTED_DIGITS).text, due: 'when_used' },
      ...(discount !== undefined && { discount }),
      ...(commitment !== undefined && { commitment }),
      ...(minimum !== undefined && { minimum }),
      ...(maximum !== undefined && { maximum }),
    };
  } catch (error) {
    // What has no price now is told by whoever rates the projection.
    if (error instanceof UnpricedQuantityError) return charge;
    throw error;
  }
}

/** Aggregations in which more time alone brings nothing. That of gauges, whose time is all there, is `latest`. */
const STAYING: ReadonlySet<string> = new Set(['max', 'latest', 'unique']);

function projectUsage(used: ChargeUsage, meter: Meter, factor: Exact): ChargeUsage {
  if (STAYING.has(meter.aggregation)) return used;
  const digits = meter.aggregation === 'count' ? 0 : SCALE_MAX;
  const grown = (quantity: string): string => exact(quantity).times(factor).rounded(digits).text;
  const { charge, quantity, eventCount, ledgerRange, parts } = used;
  return {
    charge,
    quantity: grown(quantity),
    ...(parts !== undefined && { parts: parts.map((part) => ({ ...part, quantity: grown(part.quantity) })) }),
    eventCount,
    ledgerRange,
  };
}
