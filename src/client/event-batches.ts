import type { JsonObject } from '../domain/event.ts';

/** An event as an application gives it to the client. */
export interface EventInput {
  /** Makes a retry safe. Made by the client when left out, before the event is sent for the first time. */
  readonly id?: string;
  readonly tenant: string;
  readonly type: string;
  /** RFC 3339 with a zone: `2026-11-20T10:30:15.123456Z`. */
  readonly occurredAt: string;
  /** A plain decimal such as `"0.25"`, or a safe integer. The service takes 1 when it is left out. */
  readonly quantity?: string | number;
  readonly properties?: JsonObject;
}

/** Events per request at most. The service takes 1,000; half of that keeps an answer quick and a retry cheap. */
export const BATCH_EVENTS_MAX = 500;
/** Bytes per request at most; the service takes 1,048,576. */
export const BATCH_BYTES_MAX = 900_000;

const ENCLOSING_BYTES = '{"events":[]}'.length;

/** The body of one request and how many events are in it. */
export interface Batch {
  readonly body: string;
  readonly eventCount: number;
}

/**
 * Cuts events into request bodies of at most `eventsMax` events and `BATCH_BYTES_MAX` bytes, in order. A single event that is larger
 * gets a request of its own, which the service then refuses with its reason.
 */
export function* batchesOf(events: readonly EventInput[], eventsMax: number): Generator<Batch> {
  const encoder = new TextEncoder();
  let parts: string[] = [];
  let bytes = ENCLOSING_BYTES;
  for (const event of events) {
    const part = JSON.stringify(event);
    const partBytes = encoder.encode(part).length + 1;
    if (parts.length > 0 && (parts.length >= eventsMax || bytes + partBytes > BATCH_BYTES_MAX)) {
      yield { body: `{"events":[${parts.join(',')}]}`, eventCount: parts.length };
      parts = [];
      bytes = ENCLOSING_BYTES;
    }
    parts.push(part);
    bytes += partBytes;
  }
  if (parts.length > 0) yield { body: `{"events":[${parts.join(',')}]}`, eventCount: parts.length };
}
