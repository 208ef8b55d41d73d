/** A JSON value as the event's properties carry it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** A JSON object, as properties and audit details are kept. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export const TENANT_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
export const EVENT_TYPE_PATTERN = /^[A-Za-z0-9_.:/-]{1,128}$/;
export const EVENT_ID_BYTES_MAX = 256;
export const PROPERTY_NAMES_MAX = 64;
export const PROPERTY_LEVELS_MAX = 8;
export const PROPERTY_BYTES_MAX = 16_384;
export const BATCH_EVENTS_MAX = 1_000;
export const BODY_BYTES_MAX = 1_048_576;
/** How old an event may be for ordinary keys; with the scope `ingest:backfill` the seal of its period is the only bound. */
export const LATE_HORIZON_DAYS = 35;
/** How far an event's time may lie ahead of the service's clock. */
export const EARLY_TOLERANCE_MINUTES = 5;
