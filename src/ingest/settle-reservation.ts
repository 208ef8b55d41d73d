import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import { formatInstant, type InstantText } from '../domain/instant.ts';
import type { EventResult } from '../domain/outcome.ts';
import { contentDigest } from '../meter/digests.ts';
import { HoldReleasedError, MeterUnavailableError } from '../meter/meter-errors.ts';
import { recordUsage } from '../meter/record-usage.ts';
import { giveBackDue, readHold, releaseHold, type HoldRecord, type HoldState } from '../meter/settle-holds.ts';
import { answerInTime } from './answer-in-time.ts';
import type { CheckedEvent } from './check-event.ts';
import { GroupBuilder } from './group-builder.ts';
import type { IngestService } from './ingest-service.ts';
import { judgeEvent, type PendingEvent } from './judge-event.ts';
import {
  eventOfReservation,
  holdName,
  instantOfCommit,
  meterAt,
  readReservationText,
  reservationDigest,
  type Commitment,
  type Reserved,
} from './reservation.ts';
import { clearObstacles, reloadCatalogue, settleGroup } from './send-groups.ts';
import { extendPeriods } from './take-batch.ts';
import type { ReservationRefusal } from './take-reservation.ts';

/** Which reservation, and who asks. */
export interface ReservationQuestion {
  readonly key: AuthenticatedKey;
  /** As it was answered. */
  readonly reservation: string;
}

/** A commit that was judged as every event is. */
export interface CommitAnswer {
  readonly result: EventResult;
  /** What the reservation was before; `null`: not known any more, so that nothing was held for the event. */
  readonly was: HoldState | null;
}

/** A reservation as it stands. */
export interface ReservationView extends Pick<Reserved, 'id' | 'tenant' | 'meter' | 'quantity'> {
  readonly reservation: string;
  readonly state: HoldState;
  readonly reservedAt: InstantText;
  readonly expiresAt: InstantText;
  /** What was committed; `null`: nothing. */
  readonly committedQuantity: string | null;
}

/** A round each for an unknown name, missing periods, a void gate, a stale catalogue and a stale gate, and the one that succeeds. */
const ROUNDS_MAX = 6;

interface Refused {
  readonly refusal: ReservationRefusal;
}

/**
 * Takes the event that a reservation has become: in one atomic step the hold is given back, the limits judge the event without it, and it
 * is counted. Where the hold has run out or is lost it is an event like any other. An event that is refused leaves the hold as it was.
 * Its id is the reservation's, so that a repeated commit is a duplicate. Rejects with `MeterUnavailableError` when a store does
 * not do its part: sending the same commit again is safe.
 */
export async function commitReservation(
  service: IngestService,
  { key, reservation, ...commitment }: ReservationQuestion & Commitment,
): Promise<CommitAnswer | Refused> {
  const reserved = visible(key, reservation);
  if (reserved === undefined) return unknown(reservation);
  return answerInTime(commitVisible(service, key, reserved, commitment));
}

async function commitVisible(
  service: IngestService,
  key: AuthenticatedKey,
  reserved: Reserved,
  commitment: Commitment,
): Promise<CommitAnswer | Refused> {
  const record = await readHold(service.meter, reserved.tenant, holdName(reserved));
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const snapshot = service.catalogue.current();
    const meter = meterAt(snapshot, reserved.meter, instantOfCommit(reserved, commitment));
    if (meter === undefined) {
      if (round > 0) return { refusal: { code: 'unknown_meter', message: `there is no meter ${reserved.meter}` } };
      await reloadCatalogue(service);
      continue;
    }
    const made = eventOfReservation(reserved, meter, commitment);
    if ('fault' in made) return invalid(made.fault);
    if (meter.aggregation === 'count' && made.event.quantity !== '1') {
      return invalid({ path: 'quantity', reason: `the meter ${meter.key} counts events: commit 1, or release it` });
    }
    try {
      const result = await takeOne(service, key, reserved, made.event);
      if (result !== undefined) return { result, was: record?.state ?? null };
    } catch (error) {
      if (!(error instanceof HoldReleasedError)) throw error;
      const message = 'the reservation was released: send what was used after all as an event of its own';
      return { refusal: { code: 'reservation_released', message } };
    }
  }
  throw new MeterUnavailableError('the reservation could not be committed: the catalogue or a gate keeps changing');
}

/** `undefined`: what the event was judged by was stale, and is now cleared away. */
async function takeOne(
  service: IngestService,
  key: AuthenticatedKey,
  reserved: Reserved,
  event: CheckedEvent,
): Promise<EventResult | undefined> {
  const snapshot = service.catalogue.current();
  const answers: PendingEvent['answers'] = [undefined];
  const pending: PendingEvent = {
    place: 0,
    answers,
    id: reserved.id,
    ledgerId: event.ledgerId ?? reserved.id,
    event,
    idDigest: reservationDigest(reserved),
    contentDigest: contentDigest(snapshot.digestSecret, event),
  };
  const nowMicros = service.clock();
  const judgement = judgeEvent({ snapshot, key, nowMicros, periods: service.periods }, pending);
  if (judgement.kind === 'refused') {
    const { outcome, reason, path } = judgement;
    return { id: reserved.id, outcome, reason, ...(path !== undefined && { path }) };
  }
  if (judgement.kind === 'no_place') {
    await extendPeriods(service, { extensions: new Map([[judgement.tenant, judgement.throughMicros]]) });
    return undefined;
  }
  const builder = new GroupBuilder(service.shards.find(judgement.entry), snapshot);
  builder.add({ pending, judgement });
  const planned = builder.build();
  const settles = { name: holdName(reserved), quantity: event.quantity };
  const answer = await recordUsage(service.meter, { ...planned.group, settles });
  if (answer.kind === 'applied') settleGroup(service, { planned, answer });
  else await clearObstacles(service, [answer]);
  return answers[0];
}

/**
 * Gives back what a reservation holds. One that was given back before, by its owner or by running out, is answered the same; one that
 * was committed is refused.
 */
export async function releaseReservation(
  service: IngestService,
  { key, reservation }: ReservationQuestion,
): Promise<ReservationView | Refused> {
  const reserved = visible(key, reservation);
  if (reserved === undefined) return unknown(reservation);
  const { tenant } = reserved;
  const before = await answerInTime(releaseHold(service.meter, tenant, holdName(reserved)));
  if (before === 'committed') {
    const message = 'the reservation was committed: what was counted is corrected by billing, not given back';
    return { refusal: { code: 'reservation_committed', message } };
  }
  return readReservation(service, { key, reservation });
}

/** Shows a reservation, for an hour after it was settled or has run out. */
export async function readReservation(
  service: IngestService,
  { key, reservation }: ReservationQuestion,
): Promise<ReservationView | Refused> {
  const reserved = visible(key, reservation);
  if (reserved === undefined) return unknown(reservation);
  const { tenant, id, meter, quantity, atMicros } = reserved;
  const hold = await answerInTime(readSettled(service, reserved));
  if (hold === undefined) return unknown(reservation);
  return {
    reservation,
    id,
    tenant,
    meter,
    quantity,
    state: hold.state,
    reservedAt: formatInstant(atMicros),
    expiresAt: formatInstant(hold.expiresMs * 1_000),
    committedQuantity: hold.committedQuantity,
  };
}

/** What has run out is given back first, so that it is not shown as held. */
async function readSettled({ meter }: IngestService, reserved: Reserved): Promise<HoldRecord | undefined> {
  await giveBackDue(meter, reserved.tenant);
  return readHold(meter, reserved.tenant, holdName(reserved));
}

/** For a key bound to a tenant the reservations of others do not exist. */
function visible(key: AuthenticatedKey, reservation: string): Reserved | undefined {
  const reserved = readReservationText(reservation);
  return key.tenant !== null && reserved?.tenant !== key.tenant ? undefined : reserved;
}

const SHOWN_CHARACTERS = 40;

function unknown(reservation: string): Refused {
  const shown = reservation.slice(0, SHOWN_CHARACTERS);
  const message =
    `no reservation ${shown} is known: use the member "reservation" of the answer to POST /v1/reservations. ` +
    'One that was settled or has run out is forgotten after an hour';
  return { refusal: { code: 'unknown_reservation', message } };
}

function invalid({ path, reason }: { readonly path: string; readonly reason: string }): Refused {
  return { refusal: { code: 'invalid', message: path === '' ? reason : `${path}: ${reason}`, path } };
}
