import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import type { JsonObject } from '../domain/event.ts';
import type { Meter } from '../domain/meter.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { LimitState, Outcome, UsageCost } from '../domain/outcome.ts';
import { parseQuantity } from '../domain/quantity.ts';
import { readLimits } from '../meter/read-limits.ts';
import { answerInTime } from './answer-in-time.ts';
import { askNow, type Understood } from './ask-now.ts';
import type { IngestService } from './ingest-service.ts';
import { countedByOf, type ReadingBound } from './bounds.ts';
import { limitState } from './limit-walk.ts';
import type { Acceptable } from './plan-groups.ts';
import { readDimensions, type Reading } from './read-meters.ts';
import { RISING_AGGREGATIONS } from './rising-aggregations.ts';
import { clearObstacles, OUTCOMES } from './send-groups.ts';
import { tenantOfKey } from './tenant-of-key.ts';
import { meteredValue } from './usage-cost.ts';

/** "May this tenant use so much more of these meters now?" */
export interface CheckQuestion {
  readonly key: AuthenticatedKey;
  readonly tenant: string;
  /** Keys of meters, at least one. */
  readonly meters: readonly string[];
  /** How much more, of each: by the rules of an event's quantity. For a `count` meter the number of events. */
  readonly quantity: unknown;
  /** For limits on each value of a dimension: the properties that the event would have. */
  readonly properties?: JsonObject | null;
  /** Whether the answer shall say what the usage would cost. */
  readonly asksForCost?: boolean;
  /** How long the stores have kept the sender waiting already, for the key. */
  readonly waitedMs?: number;
}

/** What is answered. It is true of this moment only: other senders may be faster, and only an event takes anything. */
export interface CheckAnswer {
  readonly allowed: boolean;
  /** What an event would be answered; absent when it is allowed. */
  readonly reason?: Outcome;
  /** The limits on these meters, in the order asked for, as they stand now. A meter without a limit has no entry. */
  readonly limits: readonly LimitState[];
  /** Only where it was asked for: what the usage of all of these meters would cost; `null`: `costReason` says why it is not known. */
  readonly cost?: UsageCost | null;
  readonly costReason?: string;
}

/** The question names what is not there, or cannot be read. */
export interface CheckRefusal {
  readonly code: 'unknown_tenant' | 'unknown_meter' | 'invalid_quantity' | 'invalid_properties';
  /** The field at fault. */
  readonly path?: string;
  readonly message: string;
}

/**
 * Answers whether usage of this moment would be accepted, with the state of each limit, and takes nothing. The same rules and
 * versions as for an event decide; counters that are void are rebuilt first. Rejects with `MeterUnavailableError` when a store
 * does not do its part, or the stores together take too long.
 */
export function checkLimits(
  service: IngestService,
  question: CheckQuestion,
): Promise<CheckAnswer | { readonly refusal: CheckRefusal }> {
  return answerInTime(answerQuestion(service, question), question.waitedMs);
}

function answerQuestion(
  service: IngestService,
  question: CheckQuestion,
): Promise<CheckAnswer | { readonly refusal: CheckRefusal }> {
  const asksForCost = question.asksForCost === true && service.priceUsage !== undefined;
  return askNow(service, {
    key: question.key,
    understand: (snapshot) => understand(snapshot, question),
    ask: ({ snapshot, nowMicros, judgement }) =>
      askMeter(service, snapshot.version, judgement, asksForCost ? nowMicros : undefined),
    inVain: 'the limits could not be read',
  });
}

function understand(
  snapshot: CatalogueSnapshot,
  question: CheckQuestion,
): Understood | { readonly refusal: CheckRefusal } {
  const { key, tenant, meters, quantity, properties = null } = question;
  const entry = tenantOfKey(snapshot, key, tenant);
  if (entry === undefined) {
    return { refusal: { code: 'unknown_tenant', message: `there is no tenant ${tenant}` } };
  }
  const readings: Reading[] = [];
  for (const name of meters) {
    const meter = snapshot.meters.get(name);
    if (meter === undefined) return { refusal: { code: 'unknown_meter', message: `there is no meter ${name}` } };
    const scaled = parseQuantity(quantity, meter.scale);
    if (scaled === undefined)
      return { refusal: { code: 'invalid_quantity', path: 'quantity', message: quantityRule(meter) } };
    const read = readDimensions(meter, { properties, propertiesPath: 'properties' });
    if ('fault' in read) {
      const { path, reason: message } = read.fault;
      return { refusal: { code: 'invalid_properties', path, message } };
    }
    readings.push({ meter, scaled, valueText: '', ...read });
  }
  return { entry, readings };
}

function quantityRule({ key, scale }: Meter): string {
  return (
    `quantity: the meter ${key} takes a whole number, or a string of plain digits with at most ${scale} behind the point: ` +
    'not negative, and below 2^53 in units of its last digit'
  );
}

/** `undefined`: what the question rests on was stale, and is now cleared away. */
async function askMeter(
  service: IngestService,
  catalogueVersion: number,
  judgement: Acceptable,
  costAtMicros: EpochMicros | undefined,
): Promise<CheckAnswer | undefined> {
  const asked = judgement.readings.flatMap(({ bounds = [], ...reading }) =>
    bounds.map((bound) => ({ reading, bound })),
  );
  // Behind those of the limits: the total of each meter, which is what its price rests on.
  const ownCounters =
    costAtMicros === undefined
      ? []
      : judgement.readings.map(({ meter }) => ({ window: 'period' as const, meter: meter.key }));
  const answer = await readLimits(service.meter, {
    tenant: judgement.entry.tenant.id,
    catalogueVersion,
    gateVersion: judgement.entry.gate.version,
    countedBy: countedByOf(judgement.entry),
    accountingStart: judgement.accountingPeriod.start,
    counters: [...asked.map(({ reading, bound }) => ({ ...bound, meter: reading.meter.key })), ...ownCounters],
  });
  if (answer.kind !== 'read') {
    await clearObstacles(service, [answer]);
    return undefined;
  }
  const { atMs } = answer;
  const bounded = asked.map((one, index) => ({
    ...one,
    used: BigInt(answer.totals[index] ?? '0'),
    held: BigInt(answer.held[index] ?? '0'),
  }));
  const allowed = bounded.every(allows);
  const limits = bounded.map(({ reading: { meter }, bound, used, held }) =>
    limitState(judgement, { meter, bound, used, held, atMs }),
  );
  return {
    allowed,
    ...(!allowed && { reason: OUTCOMES.L }),
    limits,
    ...(costAtMicros !== undefined && costOf(service, judgement, costAtMicros, answer.totals.slice(asked.length))),
  };
}

/** What the usage that is asked about would cost, if it came now. @param totals of each meter, in the order of the readings */
function costOf(
  service: IngestService,
  { entry, usagePeriod, readings }: Acceptable,
  atMicros: EpochMicros,
  totals: readonly string[],
): Pick<CheckAnswer, 'cost' | 'costReason'> {
  const values = readings.map((reading, index) => {
    const isCounted = RISING_AGGREGATIONS.has(reading.meter.aggregation);
    return meteredValue(reading, isCounted ? BigInt(totals[index] ?? '0') : undefined);
  });
  return service.priceUsage?.({ entry, atMicros, usagePeriod, isLate: false, readings: values }) ?? {};
}

/** The rule of `recordUsage.lua`: a total must stay within a hard limit, a maximum may repeat what it has reached. */
function allows({ reading: { meter, scaled }, bound, used, held }: BoundedQuestion): boolean {
  if (!bound.isHard || scaled === 0) return true;
  const value = BigInt(scaled);
  if (meter.aggregation === 'max') return value <= BigInt(bound.scaled) || value <= used;
  return used + held + value <= BigInt(bound.scaled);
}

interface BoundedQuestion {
  readonly reading: Reading;
  readonly bound: ReadingBound;
  readonly used: bigint;
  readonly held: bigint;
}
