import type { RatedSpan } from './inputs.ts';

/** A stretch of the period under one plan version, with the spans that prices of the tenant's own cut it into. */
export interface HeldSpan {
  /** All of it, without usage. What is due for the time that the plan is held is due for this. */
  readonly whole: RatedSpan;
  readonly parts: readonly RatedSpan[];
}

/**
 * The spans of a plan put together where only prices of the tenant's own divide them: a base fee or a seat is not two because a price
 * begins, and no minor unit is lost between two parts of it.
 *
 * @param spans in order of time
 */
export function heldSpans(spans: readonly RatedSpan[]): readonly HeldSpan[] {
  const held: HeldSpan[] = [];
  for (const span of spans) {
    const last = held.at(-1);
    const before = last?.parts.at(-1);
    if (last === undefined || before === undefined || !isOneStretch(before, span)) {
      held.push({ whole: span, parts: [span] });
      continue;
    }
    const quantities = [...(last.whole.quantities ?? []), ...(span.quantities ?? [])];
    const whole: RatedSpan = {
      ...last.whole,
      to: span.to,
      ...(quantities.length === 0 ? {} : { quantities }),
      usage: [],
    };
    held.splice(-1, 1, { whole, parts: [...last.parts, span] });
  }
  return held;
}

function isOneStretch(one: RatedSpan, other: RatedSpan): boolean {
  return (
    (one.privatePrices !== undefined || other.privatePrices !== undefined) &&
    one.to === other.from &&
    one.trial === other.trial &&
    one.planVersion.key === other.planVersion.key &&
    one.planVersion.version === other.planVersion.version
  );
}
