import type { InvoiceLine, LineStep } from '../domain/invoice.ts';
import type { CurrencyCode } from '../domain/money.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { commitmentStep } from './commitment.ts';
import { Exact, exact, ZERO } from './exact.ts';
import type { RatedSpan, RatingInputs } from './inputs.ts';
import { differenceLine, exactSumOfLines, isOfCharges, ofWholeBill } from './invoice-lines.ts';
import { shareOfPeriod } from './proration.ts';
import { boundText, lineStep, spoken } from './sentences.ts';

/** What a plan's own commitment, minimum and maximum are on. */
export interface BoundedTotal {
  /** All that they cover, major units. */
  readonly amount: Exact;
  /** How much of its period the plan holds: what it asks for a whole period is prorated by it. */
  readonly share: Exact;
  readonly isLast: boolean;
}

/** One step from an amount to what the plan makes of it. */
export interface BoundChange {
  readonly kind: 'commitment' | 'minimum' | 'maximum';
  readonly change: Exact;
  readonly step: LineStep;
}

/** What a plan's commitment, minimum and maximum change about a total, in this order; exact and not yet rounded. */
export function planBoundChanges(
  { commitment, minimum, maximum }: Pick<PlanVersion, 'commitment' | 'minimum' | 'maximum'>,
  { amount, share, isLast }: BoundedTotal,
): readonly BoundChange[] {
  const changes: BoundChange[] = [];
  let running = amount;
  const add = (kind: BoundChange['kind'], change: Exact, step: LineStep): void => {
    if (change.isZero) return;
    changes.push({ kind, change, step });
    running = running.plus(change);
  };
  if (commitment !== undefined) {
    const promised = exact(commitment.amount).times(share);
    const found = commitmentStep(commitment, { amount: running, billed: ZERO, isLast }, promised);
    if (found !== undefined) add('commitment', found.change, found.step);
  }
  if (minimum !== undefined && isLast) {
    const bound = exact(minimum).times(share);
    const missing = bound.minus(running).atLeast(ZERO);
    const sentence = `${spoken(missing)} missing to the minimum of ${boundText(minimum, share)}`;
    add('minimum', missing, lineStep('minimum', sentence, missing));
  }
  if (maximum !== undefined) {
    const bound = exact(maximum).times(share);
    const excess = running.minus(bound).atLeast(ZERO);
    const sentence = `${spoken(excess)} beyond the maximum of ${boundText(maximum, share)} are not charged`;
    add('maximum', excess.negated(), lineStep('maximum', sentence, excess.negated()));
  }
  return changes;
}

/**
 * The lines of what plans ask for all of their charges together. Each plan version of the period has its own, over its charges in all
 * of its spans. Usage that came late is no part of it: `late-bounds.ts` has what it changes about the bounds of its own period.
 *
 * @param lines those of the period's base fees and charges
 */
export function planBoundLines(inputs: RatingInputs, lines: readonly InvoiceLine[]): InvoiceLine[] {
  const paid = inputs.spans.filter(({ trial }) => trial !== true);
  const byPlan = Map.groupBy(paid, ({ planVersion }) => `${planVersion.key}.${planVersion.version}`);
  return [...byPlan].flatMap(([name, spans]) => {
    const key = byPlan.size === 1 ? 'plan' : `plan:${name}`;
    return linesOfPlan(inputs, key, spans, lines);
  });
}

function linesOfPlan(
  inputs: RatingInputs,
  key: string,
  spans: readonly RatedSpan[],
  lines: readonly InvoiceLine[],
): InvoiceLine[] {
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined) return [];
  const plan = first.planVersion;
  const { currency } = inputs.tenant;
  const amount = coveredAmount(plan, lines, currency);
  const share = Exact.sum(spans.map((span) => shareOfPeriod(span, inputs.feePeriod)));
  let running = amount;
  return planBoundChanges(plan, { amount, share, isLast: inputs.isLast }).map(({ kind, change, step }) => {
    const from = running;
    running = from.plus(change);
    return {
      key: `${key}:${kind}`,
      kind,
      description: `${plan.name}, ${kind}`,
      quantity: '1',
      unit: 'period',
      ...differenceLine(from, running, step, currency),
      provenance: {
        ...ofWholeBill(inputs),
        planKey: plan.key,
        planVersion: plan.version,
        from: first.from,
        to: last.to,
      },
    };
  });
}

const FIXED: ReadonlySet<InvoiceLine['kind']> = new Set(['base_fee', 'fixed_quantity']);

function coveredAmount(plan: PlanVersion, lines: readonly InvoiceLine[], currency: CurrencyCode): Exact {
  const coversFee = plan.boundsCover === 'charges_and_base_fee';
  const covered = lines.filter(({ kind, provenance: { planKey, planVersion } }) => {
    if (planKey !== plan.key || planVersion !== plan.version) return false;
    return isOfCharges(kind) || (coversFee && FIXED.has(kind));
  });
  return exactSumOfLines(covered, currency);
}
