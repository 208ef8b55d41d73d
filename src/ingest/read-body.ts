import { BATCH_EVENTS_MAX, BODY_BYTES_MAX } from '../domain/event.ts';
import { parseJson } from '../domain/parse-json.ts';
import { IngestFailure } from './ingest-failure.ts';

/** How the events of a request are written. */
export type BodyForm = 'events' | 'cloudevents' | 'binary_cloudevent';

const FORMS: ReadonlyMap<string, BodyForm> = new Map([
  ['application/json', 'events'],
  ['application/cloudevents+json', 'cloudevents'],
  ['application/cloudevents-batch+json', 'cloudevents'],
]);

const CHARSET = /^charset\s*=\s*"?([^"\s]*)"?$/i;

/**
 * Throws `IngestFailure` 415 for a content type, charset or coding that is not read here.
 *
 * @param isCloudEvent the headers have a CloudEvent's attributes: unless the type says that they are in the body too, the body is
 *   its data, which needs no type
 */
export function readContentType(
  contentType: string | undefined,
  contentEncoding: string | undefined,
  isCloudEvent = false,
): BodyForm {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim());
  const known = type === '' && isCloudEvent ? 'events' : FORMS.get(type.toLowerCase());
  const form = known === 'events' && isCloudEvent ? 'binary_cloudevent' : known;
  if (form === undefined) {
    throw new IngestFailure('unsupported_media_type', `send Content-Type: ${[...FORMS.keys()].join(', ')}`);
  }
  for (const parameter of parameters) {
    const charset = CHARSET.exec(parameter)?.[1]?.toLowerCase();
    if (charset !== undefined && charset !== 'utf-8') {
      throw new IngestFailure('unsupported_media_type', `JSON is UTF-8: charset ${charset} is not read`);
    }
  }
  const coding = (contentEncoding ?? '').trim().toLowerCase();
  if (coding !== '' && coding !== 'identity') {
    throw new IngestFailure('unsupported_media_type', `send the body without Content-Encoding: ${coding} is not read`);
  }
  return form;
}

/** Throws `IngestFailure` 413 when the body is larger than an ingest body may be. */
export function checkBodySize(bytes: number): void {
  if (bytes > BODY_BYTES_MAX) {
    throw new IngestFailure('too_large', `the body has more than ${BODY_BYTES_MAX} bytes: send smaller batches`);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the list of events that a body holds: one object, a list, or (but for CloudEvents) `{"events": [...]}`. Elements may still be anything.
 * Throws `IngestFailure` 400 when it is not readable, 413 when there are too many.
 */
export function readEvents(body: Uint8Array, form: Exclude<BodyForm, 'binary_cloudevent'>): readonly unknown[] {
  const events = eventList(parseBody(body), form);
  if (events.length > BATCH_EVENTS_MAX) {
    throw new IngestFailure('too_large', `${events.length} events: send at most ${BATCH_EVENTS_MAX} at once`);
  }
  return events;
}

/** Reads the data of a CloudEvent in binary mode; `undefined` when the body is empty. Throws `IngestFailure` 400. */
export function readData(body: Uint8Array): unknown {
  return body.length === 0 ? undefined : parseBody(body);
}

function parseBody(body: Uint8Array): unknown {
  try {
    // The decoder takes a byte order mark away and refuses what is not UTF-8, where a lenient one would make ids equal.
    return parseJson(decoder.decode(body));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : 'it is not UTF-8';
    throw new IngestFailure('unreadable', `the body cannot be read: ${reason}`);
  }
}

function eventList(value: unknown, form: BodyForm): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  if (typeof value !== 'object' || value === null) {
    throw new IngestFailure('unreadable', 'the body must be one event, a list of events, or {"events": [...]}');
  }
  // A CloudEvent may have an attribute of any name.
  if (form === 'cloudevents' || !Object.hasOwn(value, 'events')) return [value];
  const { events } = value as { events: unknown };
  if (Array.isArray(events)) return events as readonly unknown[];
  throw new IngestFailure('unreadable', '"events" must be a list');
}
