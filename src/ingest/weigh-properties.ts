import { decimal, decimalText, isPlainDecimal, ZERO, type Decimal } from '../domain/decimal.ts';
import type { Meter } from '../domain/meter.ts';
import { parseQuantity, scaledText, type ScaledQuantity } from '../domain/quantity.ts';
import type { CheckedEvent } from './check-event.ts';
import { ownProperty, type Fault } from './check-properties.ts';

/** Decimals above zero by the name of the property. */
export type Weights = Readonly<Record<string, string>>;

/** Digits that are read of one property; a value that a meter can hold has far fewer. */
const VALUE_CHARACTERS_MAX = 64;

/**
 * The sum of an event's properties, each times its weight, exact to the last digit. A property that is absent counts nothing, since
 * a request without output has no output tokens to name; at least one must be there, or a misspelt name would count nothing for
 * ever. Values follow the rule of quantities, and the sum must fit the meter's scale and stay below 2^53.
 */
export function weighProperties(
  meter: Meter,
  weights: Weights,
  event: Pick<CheckedEvent, 'properties' | 'propertiesPath'>,
): { readonly scaled: ScaledQuantity } | { readonly fault: Fault } {
  let scaled = 0;
  let rest: Decimal | undefined;
  let isRead = false;
  for (const weight of weightsOf(meter, weights)) {
    const value = ownProperty(event.properties, weight.property);
    if (value === undefined) continue;
    isRead = true;
    const whole = parseQuantity(value, 0);
    if (whole !== undefined) {
      // A product or sum past 2^53 is never a safe integer, and nothing makes it smaller again.
      scaled += whole * weight.scaled;
      if (!Number.isSafeInteger(scaled)) return { fault: misfit(meter, event) };
    } else if (isFraction(value)) {
      rest = (rest ?? ZERO).plus(decimal(value).times(weight.text));
    } else {
      return { fault: { path: `${event.propertiesPath}.${weight.property}`, reason: valueRule(meter) } };
    }
  }
  if (!isRead) return { fault: { path: event.propertiesPath, reason: absence(meter, weights) } };
  if (rest === undefined) return { scaled };
  const sum = parseQuantity(decimalText(rest.plus(scaledText(scaled, meter.scale))), meter.scale);
  return sum === undefined ? { fault: misfit(meter, event) } : { scaled: sum };
}

interface Weight {
  readonly property: string;
  readonly text: string;
  /** Times 10^scale of the meter: what one whole unit of the property counts. */
  readonly scaled: ScaledQuantity;
}

const WEIGHTS_BY_METER = new WeakMap<Meter, readonly Weight[]>();

/** A meter's weights, scaled once: definitions never change. */
function weightsOf(meter: Meter, weights: Weights): readonly Weight[] {
  let list = WEIGHTS_BY_METER.get(meter);
  if (list === undefined) {
    list = Object.entries(weights).map(([property, text]) => {
      const scaled = parseQuantity(text, meter.scale);
      if (scaled === undefined)
        throw new Error(`the weight ${text} of ${property} does not fit the meter ${meter.key}`);
      return { property, text, scaled };
    });
    WEIGHTS_BY_METER.set(meter, list);
  }
  return list;
}

/** A plain decimal that is no safe integer. */
function isFraction(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= VALUE_CHARACTERS_MAX && !value.startsWith('-') && isPlainDecimal(value)
  );
}

function valueRule({ key }: Meter): string {
  return (
    `the meter ${key} weighs a whole number or a string of plain digits here, perhaps with a point, not negative, of at most ` +
    `${VALUE_CHARACTERS_MAX} characters`
  );
}

function absence({ key }: Meter, weights: Weights): string {
  return `at least one of ${Object.keys(weights).join(', ')} is required: the meter ${key} weighs them`;
}

function misfit({ key, scale }: Meter, { propertiesPath: path }: Pick<CheckedEvent, 'propertiesPath'>): Fault {
  const reason =
    `the weighted sum of the meter ${key} may have at most ${scale} digits behind the point and be at most ` +
    scaledText(Number.MAX_SAFE_INTEGER, scale);
  return { path, reason };
}
