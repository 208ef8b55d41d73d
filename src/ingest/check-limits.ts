import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { Meter } from '../domain/meter.ts';
import type { LimitState, Outcome } from '../domain/outcome.ts';
import { parseQuantity } from '../domain/quantity.ts';
import { MeterUnavailableError } from '../meter/meter-errors.ts';
import { readLimits } from '../meter/read-limits.ts';
import type { IngestService } from './ingest-service.ts';
import { judgeTime, type LimitedReading } from './judge-event.ts';
import { limitState } from './limit-walk.ts';
import type { Acceptable } from './plan-groups.ts';
import type { Reading } from './read-meters.ts';
import { clearObstacles, OUTCOMES, reloadCatalogue } from './send-groups.ts';
import { extendPeriods } from './take-batch.ts';

/** "May this tenant use so much more of these meters now?" */
export interface CheckQuestion {
  readonly key: AuthenticatedKey;
  readonly tenant: string;
  /** Keys of meters, at least one. */
  readonly meters: readonly string[];
  /** How much more, of each: by the rules of an event's quantity. For a `count` meter the number of events. */
  readonly quantity: unknown;
}

/** What is answered. It is true of this moment only: other senders may be faster, and only an event takes anything. */
export interface CheckAnswer {
  readonly allowed: boolean;
  /** What an event would be answered; absent when it is allowed. */
  readonly reason?: Outcome;
  /** The limits on these meters, in the order asked for, as they stand now. A meter without a limit has no entry. */
  readonly limits: readonly LimitState[];
}

/** The question names what is not there, or cannot be read. */
export interface CheckRefusal {
  readonly code: 'unknown_tenant' | 'unknown_meter' | 'invalid_quantity';
  readonly message: string;
}

/** A round each for an unknown name, missing periods, a void gate, a stale catalogue and a stale gate, and the one that succeeds. */
const ROUNDS_MAX = 6;

/**
 * Answers whether usage of this moment would be accepted, with the state of each limit, and takes nothing. The same rules and
 * versions as for an event decide; counters that are void are rebuilt first. Rejects with `MeterUnavailableError` when a store
 * does not do its part.
 */
export async function checkLimits(
  service: IngestService,
  question: CheckQuestion,
): Promise<CheckAnswer | { readonly refusal: CheckRefusal }> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const snapshot = service.catalogue.current();
    const understood = understand(snapshot, question);
    if ('refusal' in understood) {
      if (round > 0 || understood.refusal.code === 'invalid_quantity') return understood;
      // It may have been made a moment ago through another process.
      await reloadCatalogue(service);
      continue;
    }
    const { entry, readings } = understood;
    const nowMicros = service.clock();
    const context = { snapshot, key: question.key, nowMicros, periods: service.periods };
    const judgement = judgeTime(context, entry, { occurredAtMicros: nowMicros }, readings);
    if (judgement.kind === 'acceptable') {
      const answer = await askMeter(service, snapshot.version, judgement);
      if (answer !== undefined) return answer;
    } else if (judgement.kind === 'no_place') {
      await extendPeriods(service, { extensions: new Map([[judgement.tenant, judgement.throughMicros]]) });
    } else {
      const reason = judgement.kind === 'forbidden' ? OUTCOMES[judgement.verdict] : judgement.outcome;
      return { allowed: false, reason, limits: [] };
    }
  }
  throw new MeterUnavailableError('the limits could not be read: the catalogue or a gate keeps changing');
}

type Understood =
  { readonly entry: TenantEntry; readonly readings: readonly Reading[] } | { readonly refusal: CheckRefusal };

function understand(snapshot: CatalogueSnapshot, { key, tenant, meters, quantity }: CheckQuestion): Understood {
  const entry = snapshot.tenants.get(tenant);
  // For a key bound to a tenant no other exists, so that it cannot be used to find out who is a customer.
  if (entry === undefined || (key.tenant !== null && key.tenant !== tenant)) {
    return { refusal: { code: 'unknown_tenant', message: `there is no tenant ${tenant}` } };
  }
  const readings: Reading[] = [];
  for (const name of meters) {
    const meter = snapshot.meters.get(name);
    if (meter === undefined) return { refusal: { code: 'unknown_meter', message: `there is no meter ${name}` } };
    const scaled = parseQuantity(quantity, meter.scale);
    if (scaled === undefined) return { refusal: { code: 'invalid_quantity', message: quantityRule(meter) } };
    readings.push({ meter, scaled, valueText: '' });
  }
  return { entry, readings };
}

function quantityRule({ key, scale }: Meter): string {
  return (
    `quantity: the meter ${key} takes a whole number, or a string of plain digits with at most ${scale} behind the point: ` +
    'not negative, and below 2^53 in units of its last digit'
  );
}

/** A reading on whose meter a limit holds. */
type Bounded = Required<Pick<LimitedReading, 'limit'>> & LimitedReading;

/** `undefined`: what the question rests on was stale, and is now cleared away. */
async function askMeter(
  service: IngestService,
  catalogueVersion: number,
  judgement: Acceptable,
): Promise<CheckAnswer | undefined> {
  const bounded = judgement.readings.filter((reading): reading is Bounded => reading.limit !== undefined);
  if (bounded.length === 0) return { allowed: true, limits: [] };
  const answer = await readLimits(service.meter, {
    tenant: judgement.entry.tenant.id,
    catalogueVersion,
    gateVersion: judgement.entry.gate.version,
    accountingStart: judgement.accountingPeriod.start,
    meters: bounded.map(({ meter }) => meter.key),
  });
  if (answer.kind !== 'read') {
    await clearObstacles(service, [answer]);
    return undefined;
  }
  const used = (reading: Bounded): bigint => BigInt(answer.totals.get(reading.meter.key) ?? '0');
  const allowed = bounded.every((reading) => allows(reading, used(reading)));
  const limits = bounded.map((reading) => limitState(judgement, reading.meter, reading.limit.scaled, used(reading)));
  return { allowed, ...(!allowed && { reason: OUTCOMES.L }), limits };
}

/** The rule of `recordUsage.lua`: a total must stay within a hard limit, a maximum may repeat what it has reached. */
function allows({ meter, limit, scaled }: Bounded, used: bigint): boolean {
  if (!limit.isHard || scaled === 0) return true;
  const value = BigInt(scaled);
  if (meter.aggregation === 'max') return value <= BigInt(limit.scaled) || value <= used;
  return used + value <= BigInt(limit.scaled);
}
