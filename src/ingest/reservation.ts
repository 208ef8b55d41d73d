import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import { metersAt } from '../catalog/meter-spans.ts';
import type { JsonObject } from '../domain/event.ts';
import { formatInstant, parseInstant, requireInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import { parseJson } from '../domain/parse-json.ts';
import { digestBytes, idDigest, type DigestText } from '../meter/digests.ts';
import { checkEvent, checkId, checkTenant, type CheckedEvent } from './check-event.ts';
import type { Fault } from './check-properties.ts';

/** What a reservation is for. All of it is in the text it is known by, so that its commit needs nothing that a store could lose. */
export interface Reserved {
  readonly tenant: string;
  /** The caller's. */
  readonly id: string;
  readonly meter: string;
  /** Whole units, a plain decimal. */
  readonly quantity: string;
  /** When it was first asked for: the time of the use unless the commit says another one. */
  readonly atMicros: EpochMicros;
  /** Of the event that it becomes. */
  readonly properties: JsonObject | null;
}

const PREFIX = 'rsv_';

/** The text by which a reservation is committed and released: what it is for, as base64url. No secret. */
export function reservationText({ tenant, id, meter, quantity, atMicros, properties }: Reserved): string {
  const json = JSON.stringify([tenant, id, meter, quantity, atMicros, properties]);
  return PREFIX + Buffer.from(json, 'utf8').toString('base64url');
}

/** Reads what `reservationText` wrote; `undefined`: nothing that it wrote. */
export function readReservationText(text: string): Reserved | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const parts = parsedOrNothing(Buffer.from(text.slice(PREFIX.length), 'base64url').toString('utf8'));
  if (!Array.isArray(parts)) return undefined;
  const [tenant, id, meter, quantity, atMicros, properties] = parts as readonly unknown[];
  if (checkTenant(tenant, '') !== undefined || checkId(id, '') !== undefined) return undefined;
  const isSound =
    typeof meter === 'string' && typeof quantity === 'string' && Number.isSafeInteger(atMicros) && isObject(properties);
  // Of another form than ours, whoever made it.
  const reserved = { tenant, id, meter, quantity, atMicros, properties } as Reserved;
  return isSound && reservationText(reserved) === text ? reserved : undefined;
}

function parsedOrNothing(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return value === null || (typeof value === 'object' && !Array.isArray(value));
}

/** The digest of the event's id: of three parts, as no event has it that is sent. */
export function reservationDigest({ tenant, id }: Pick<Reserved, 'tenant' | 'id'>): DigestText {
  return idDigest(tenant, identityOf(id));
}

/** The name of its hold in Redis. */
export function holdName(reserved: Pick<Reserved, 'tenant' | 'id'>): string {
  return digestBytes(reservationDigest(reserved)).toString('hex');
}

function identityOf(id: string): readonly string[] {
  return ['tollkeeper', 'reservation', id];
}

/** The version of a meter that takes events of an instant; `undefined`: none does. */
export function meterAt(snapshot: CatalogueSnapshot, key: string, atMicros: EpochMicros): Meter | undefined {
  const newest = snapshot.meters.get(key);
  if (newest?.from === undefined || requireInstant(newest.from) <= atMicros) return newest;
  for (const eventType of snapshot.meterSpans.keys()) {
    const meter = metersAt(snapshot, eventType, atMicros)?.find((one) => one.key === key);
    if (meter !== undefined) return meter;
  }
  return undefined;
}

/** What a commit says beside the reservation. */
export interface Commitment {
  /** What was used; what is reserved when absent. */
  readonly quantity?: unknown;
  readonly occurredAt?: InstantText | undefined;
  /** Added to those of the reservation, none of which may change. */
  readonly properties?: JsonObject | undefined;
}

/** When the use is said to have been. */
export function instantOfCommit(reserved: Reserved, { occurredAt }: Commitment): EpochMicros {
  return (occurredAt === undefined ? undefined : parseInstant(occurredAt)) ?? reserved.atMicros;
}

/** The event that a reservation becomes, or what is wrong with it: the rules are those of every event. */
export function eventOfReservation(
  reserved: Reserved,
  meter: Meter,
  { quantity = reserved.quantity, occurredAt, properties }: Commitment,
): { readonly event: CheckedEvent } | { readonly fault: Fault } {
  const changed = Object.keys(properties ?? {}).find(
    (name) => Object.hasOwn(reserved.properties ?? {}, name) && properties?.[name] !== reserved.properties?.[name],
  );
  if (changed !== undefined) {
    return {
      fault: { path: `properties.${changed}`, reason: 'is part of the reservation, and cannot change any more' },
    };
  }
  const all = { ...reserved.properties, ...properties };
  const result = checkEvent({
    id: reserved.id,
    tenant: reserved.tenant,
    type: meter.eventType,
    occurredAt: occurredAt ?? formatInstant(reserved.atMicros),
    quantity,
    ...(Object.keys(all).length > 0 && { properties: all }),
  });
  if (result.kind === 'invalid') return { fault: { path: '', ...result.fault } };
  const { event } = result;
  return { event: { ...event, identity: identityOf(reserved.id), ledgerId: `reservation ${reserved.id}` } };
}
