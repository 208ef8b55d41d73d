import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import type { JsonObject } from '../domain/event.ts';
import { formatInstant, type InstantText } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { LimitState, Outcome } from '../domain/outcome.ts';
import { contentDigest, digestBytes } from '../meter/digests.ts';
import { reserveUnits, type UnitsAnswer } from '../meter/reserve-units.ts';
import type { HoldState } from '../meter/settle-holds.ts';
import { answerInTime } from './answer-in-time.ts';
import { askNow, type Understood } from './ask-now.ts';
import { countedByOf } from './bounds.ts';
import type { CheckedEvent } from './check-event.ts';
import type { IngestService } from './ingest-service.ts';
import { limitState } from './limit-walk.ts';
import type { Acceptable } from './plan-groups.ts';
import { readMeters } from './read-meters.ts';
import { eventOfReservation, holdName, meterAt, reservationText, type Reserved } from './reservation.ts';
import { clearObstacles, OUTCOMES } from './send-groups.ts';
import { tenantOfKey } from './tenant-of-key.ts';

/** "Hold so much for this tenant until I say what it came to." */
export interface ReservationRequest {
  readonly key: AuthenticatedKey;
  /** The caller's, unique among the reservations of the tenant: the same request again is told the same. */
  readonly id: string;
  readonly tenant: string;
  /** One that reads the quantity of its events, or counts them. */
  readonly meter: string;
  /** By the rules of an event's quantity. */
  readonly quantity: unknown;
  /** When it gives itself back, if nothing was said until then. */
  readonly ttlSeconds: number;
  /** What the event will have, as far as it is known. */
  readonly properties?: JsonObject | null;
}

/** A reservation that holds units, or has been committed. */
export interface ReservationTaken {
  readonly allowed: true;
  /** The text by which it is committed and released. */
  readonly reservation: string;
  readonly id: string;
  readonly tenant: string;
  readonly meter: string;
  readonly quantity: string;
  readonly state: Extract<HoldState, 'held' | 'committed'>;
  readonly reservedAt: InstantText;
  readonly expiresAt: InstantText;
  /** Those on its meter, as they stand now. */
  readonly limits: readonly LimitState[];
}

/**
 * What is answered to a reservation. One that is not allowed has taken nothing: a limit or the life of the tenant forbids it, or what was
 * held under this id was given back, and a new reservation needs an id of its own.
 */
export type ReservationAnswer =
  | ReservationTaken
  | {
      readonly allowed: false;
      readonly reason: Outcome | 'released' | 'expired';
      readonly limits: readonly LimitState[];
    };

/** The request cannot be understood, or goes against one that was made before. */
export interface ReservationRefusal {
  readonly code:
    | 'unknown_tenant'
    | 'unknown_meter'
    | 'invalid'
    | 'reservation_conflict'
    | 'too_many_reservations'
    | 'unknown_reservation'
    | 'reservation_released'
    | 'reservation_committed';
  readonly message: string;
  /** The field at fault. */
  readonly path?: string;
}

/**
 * Holds units against the limits of now, in one atomic step. Rejects with `MeterUnavailableError` when a store does not do its part:
 * the same request with the same id may be sent again.
 */
export function takeReservation(
  service: IngestService,
  request: ReservationRequest,
): Promise<ReservationAnswer | { readonly refusal: ReservationRefusal }> {
  return answerInTime(holdUnits(service, request));
}

function holdUnits(
  service: IngestService,
  request: ReservationRequest,
): Promise<ReservationAnswer | { readonly refusal: ReservationRefusal }> {
  return askNow(service, {
    key: request.key,
    understand: (snapshot, nowMicros) => understand(snapshot, request, nowMicros),
    ask: ({ snapshot, understood: { event }, judgement }) => askMeter(service, snapshot, { request, event, judgement }),
    inVain: 'nothing could be reserved',
  });
}

interface UnderstoodRequest extends Understood {
  /** What it would become now. */
  readonly event: CheckedEvent;
}

function understand(
  snapshot: CatalogueSnapshot,
  { key, id, tenant, meter: name, quantity, properties = null }: ReservationRequest,
  atMicros: number,
): UnderstoodRequest | { readonly refusal: ReservationRefusal } {
  const refuse = (code: ReservationRefusal['code'], message: string, path?: string) => ({
    refusal: { code, message, ...(path !== undefined && { path }) },
  });
  const entry = tenantOfKey(snapshot, key, tenant);
  if (entry === undefined) {
    return refuse('unknown_tenant', `there is no tenant ${tenant}`);
  }
  const meter = meterAt(snapshot, name, atMicros);
  if (meter === undefined) return refuse('unknown_meter', `there is no meter ${name}`);
  const obstacle = whyNotReservable(meter);
  if (obstacle !== undefined) return refuse('invalid', `meter: ${obstacle}`, 'meter');
  const made = eventOfReservation({ tenant, id, meter: name, quantity: '1', atMicros, properties }, meter, {
    quantity,
  });
  const read = 'fault' in made ? made : readMeters([meter], made.event, snapshot.digestSecret);
  if ('fault' in read) {
    const { path, reason } = read.fault;
    return refuse('invalid', path === '' ? reason : `${path}: ${reason}`, path);
  }
  const [reading] = read.readings;
  if ('fault' in made || reading === undefined) {
    const message = `properties: the filter of the meter ${name} takes no event that has these: name what it asks for`;
    return refuse('invalid', message, 'properties');
  }
  if (meter.aggregation === 'count' && made.event.quantity !== '1') {
    return refuse('invalid', `quantity: the meter ${name} counts events: reserve 1 for each of them`, 'quantity');
  }
  return { entry, event: made.event, readings: [reading] };
}

function whyNotReservable({ key, aggregation, value }: Meter): string | undefined {
  if (aggregation === 'count') return undefined;
  const cure = 'send events, and ask POST /v1/check before';
  if (aggregation !== 'sum') return `${key} is the ${aggregation} of its events, of which nothing can be held: ${cure}`;
  if (value.from === 'quantity') return undefined;
  return `${key} reads properties of its events, which are known only afterwards: ${cure}`;
}

interface Asked {
  readonly request: ReservationRequest;
  readonly event: CheckedEvent;
  readonly judgement: Acceptable;
}

/** `undefined`: what the question rests on was stale, and is now cleared away. */
async function askMeter(
  service: IngestService,
  snapshot: CatalogueSnapshot,
  asked: Asked,
): Promise<ReservationAnswer | { readonly refusal: ReservationRefusal } | undefined> {
  const { request, event, judgement } = asked;
  const { tenant, id, meter, ttlSeconds } = request;
  const [reading] = judgement.readings;
  const ttlMs = ttlSeconds * 1_000;
  // A keyed digest of all that is asked for, made as an event's is: what stands in for its time is how long it holds.
  const content = contentDigest(snapshot.digestSecret, { ...event, type: `reserve:${meter}`, occurredAtMicros: ttlMs });
  const answer = await reserveUnits(service.meter, {
    tenant,
    name: holdName(request),
    content: digestBytes(content).toString('hex'),
    ttlMs,
    atMicros: event.occurredAtMicros,
    catalogueVersion: snapshot.version,
    gateVersion: judgement.entry.gate.version,
    countedBy: countedByOf(judgement.entry),
    accountingStart: judgement.accountingPeriod.start,
    meter,
    scaled: reading?.scaled ?? 0,
    bounds: reading?.bounds ?? [],
  });
  switch (answer.kind) {
    case 'held':
    case 'known':
    case 'refused':
    case 'crowded':
      return wordAnswer(asked, answer);
    case 'conflict': {
      const message = `the id ${id} was taken by a reservation of other content: reserve under a new id`;
      return { refusal: { code: 'reservation_conflict', path: 'id', message } };
    }
    default:
      await clearObstacles(service, [answer]);
      return undefined;
  }
}

type Judged = Extract<UnitsAnswer, { kind: 'held' | 'known' | 'refused' | 'crowded' }>;

function wordAnswer(
  { request, event, judgement }: Asked,
  { kind, hold, counters, atMs }: Judged,
): ReservationAnswer | { readonly refusal: ReservationRefusal } {
  const [reading] = judgement.readings;
  const limits = (reading?.bounds ?? []).map((bound, place) => {
    const { total, held } = counters[place] ?? { total: '0', held: '0' };
    const meter = reading?.meter as Meter;
    return limitState(judgement, { meter, bound, used: BigInt(total), held: BigInt(held), atMs });
  });
  if (kind === 'crowded') {
    const message = `${request.tenant} has too many open reservations: commit or release some, or let them run out sooner`;
    return { refusal: { code: 'too_many_reservations', message } };
  }
  if (hold === undefined) return { allowed: false, reason: OUTCOMES.L, limits };
  const state = hold.state === 'held' && hold.expiresMs <= atMs ? 'expired' : hold.state;
  if (state === 'released' || state === 'expired') return { allowed: false, reason: state, limits };
  const { tenant, id, meter, properties = null } = request;
  const reserved: Reserved = { tenant, id, meter, quantity: event.quantity, atMicros: hold.atMicros, properties };
  return {
    allowed: true,
    reservation: reservationText(reserved),
    id,
    tenant,
    meter,
    quantity: event.quantity,
    state,
    reservedAt: formatInstant(hold.atMicros),
    expiresAt: formatInstant(hold.expiresMs * 1_000),
    limits,
  };
}
