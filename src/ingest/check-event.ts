import { EVENT_ID_BYTES_MAX, EVENT_TYPE_PATTERN, TENANT_PATTERN, type JsonObject } from '../domain/event.ts';
import { parseInstant, type EpochMicros } from '../domain/instant.ts';
import { checkProperties, type Fault, type PropertiesResult } from './check-properties.ts';
import { isShortTextOf, isVisibleAscii, singleCharactersOf } from './plain-text.ts';

/** An event whose form is sound. */
export interface CheckedEvent {
  /** As sent; `null` when none was. */
  readonly id: string | null;
  /** What makes its id unique within the tenant where that is not the id alone: source and id of a CloudEvent. */
  readonly identity: readonly string[] | null;
  /** The id as the ledger shows it. */
  readonly ledgerId: string | null;
  readonly tenant: string;
  readonly type: string;
  readonly occurredAtMicros: EpochMicros;
  /** As text and normalised: no zeros at the end of a fraction. */
  readonly quantity: string;
  readonly properties: JsonObject | null;
  /** The properties as canonical JSON, `{}` for none. */
  readonly propertiesText: string;
  /** Where faults of quantity and properties are, as sent. */
  readonly quantityPath: string;
  readonly propertiesPath: string;
}

/** An event whose form is right, or what is wrong with it and its id as far as it could be read. */
export type FormResult =
  | { readonly kind: 'sound'; readonly event: CheckedEvent }
  | { readonly kind: 'invalid'; readonly id: string | null; readonly fault: Fault | { readonly reason: string } };

const FIELDS: ReadonlySet<string> = new Set(['id', 'tenant', 'type', 'occurredAt', 'quantity', 'properties']);

/** The members of an element that is an object; those that are not there read as `undefined`. */
interface EventFields {
  readonly id?: unknown;
  readonly tenant?: unknown;
  readonly type?: unknown;
  readonly occurredAt?: unknown;
  readonly quantity?: unknown;
  readonly properties?: unknown;
}

/** Checks the form of one element of a batch. Does not know which tenants and types there are. */
export function checkEvent(value: unknown): FormResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'invalid', id: null, fault: { reason: 'an event is an object' } };
  }
  const fields: EventFields = value;
  const { id, tenant, type, occurredAt, quantity, properties } = fields;
  const idText = typeof id === 'string' ? id : null;
  const occurredAtMicros = typeof occurredAt === 'string' ? readInstant(occurredAt) : undefined;
  const fault =
    unknownField(value) ??
    (id === undefined ? undefined : checkId(id, 'id')) ??
    checkTenant(tenant, 'tenant') ??
    checkType(type) ??
    (occurredAtMicros === undefined ? checkInstant(occurredAt, 'occurredAt') : undefined) ??
    checkQuantity(quantity, 'quantity');
  if (fault !== undefined) return { kind: 'invalid', id: idText, fault };
  const checked = checkPropertiesField(properties, 'properties');
  if ('fault' in checked) return { kind: 'invalid', id: idText, fault: checked.fault };
  return {
    kind: 'sound',
    event: {
      id: idText,
      identity: null,
      ledgerId: idText,
      tenant: tenant as string,
      type: type as string,
      occurredAtMicros: occurredAtMicros ?? 0,
      quantity: normalQuantity(quantity),
      properties: (properties as JsonObject | undefined) ?? null,
      propertiesText: checked.text,
      quantityPath: 'quantity',
      propertiesPath: 'properties',
    },
  };
}

function unknownField(element: object): Fault | undefined {
  // An element comes from `JSON.parse`: it inherits no name that a loop would show.
  for (const name in element) {
    if (!FIELDS.has(name)) return { path: name, reason: `unknown field; an event has ${[...FIELDS].join(', ')}` };
  }
  return undefined;
}

// Control characters are what is refused here.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const EDGE_BLANK = /^\s|\s$/u;

/** The rule of ids. They are kept and compared byte for byte. */
export function checkId(value: unknown, path: string): Fault | undefined {
  if (typeof value !== 'string') return { path, reason: 'must be a string' };
  if (value.length <= EVENT_ID_BYTES_MAX && isVisibleAscii(value)) return undefined;
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes === 0 || bytes > EVENT_ID_BYTES_MAX) return { path, reason: `must have 1 to ${EVENT_ID_BYTES_MAX} bytes` };
  if (!value.isWellFormed()) return { path, reason: 'half of a surrogate pair is not valid text' };
  if (CONTROL.test(value)) return { path, reason: 'control characters are not allowed' };
  if (EDGE_BLANK.test(value)) return { path, reason: 'white space at either end is not allowed' };
  return undefined;
}

const TENANT_CHARACTERS = singleCharactersOf(TENANT_PATTERN);
const TYPE_CHARACTERS = singleCharactersOf(EVENT_TYPE_PATTERN);

/** The rule of tenants. */
export function checkTenant(value: unknown, path: string): Fault | undefined {
  if (value === undefined) return { path, reason: 'is required' };
  const isTenant = typeof value === 'string' && (isShortTextOf(TENANT_CHARACTERS, value) || TENANT_PATTERN.test(value));
  return isTenant ? undefined : { path, reason: `must match ${TENANT_PATTERN.source}` };
}

/** The rule of types. */
export function checkType(value: unknown): Fault | undefined {
  if (value === undefined) return { path: 'type', reason: 'is required' };
  const isType = typeof value === 'string' && (isShortTextOf(TYPE_CHARACTERS, value) || EVENT_TYPE_PATTERN.test(value));
  return isType ? undefined : { path: 'type', reason: `must match ${EVENT_TYPE_PATTERN.source}` };
}

const FULL_YEAR = /^\d{4}(?=-)/;
/** The calendar repeats after 400 years, so a date of any year exists when that of the year it is moved to does. */
const CALENDAR_YEARS = 400;
const FIRST_EXACT_YEAR = 1700;

/**
 * Reads an instant. Those whose microseconds no double holds exactly (before 1685, after 2255) are sound but far outside what is
 * taken: they read as the first or last instant there is, so that time judges them, not form.
 */
export function readInstant(text: string): EpochMicros | undefined {
  const exact = parseInstant(text);
  if (exact !== undefined) return exact;
  const year = Number(FULL_YEAR.exec(text)?.[0]);
  if (!Number.isInteger(year)) return undefined;
  const offset = (year - FIRST_EXACT_YEAR) % CALENDAR_YEARS;
  const moved = FIRST_EXACT_YEAR + (offset < 0 ? offset + CALENDAR_YEARS : offset);
  if (moved === year || parseInstant(text.replace(FULL_YEAR, String(moved))) === undefined) return undefined;
  return year < FIRST_EXACT_YEAR ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
}

/** The rule of instants. */
export function checkInstant(value: unknown, path: string): Fault | undefined {
  if (value === undefined) return { path, reason: 'is required: the time of the use itself' };
  const isInstant = typeof value === 'string' && readInstant(value) !== undefined;
  return isInstant ? undefined : { path, reason: 'must be an RFC 3339 instant with a zone, like 2026-11-20T10:30:15Z' };
}

const PLAIN_QUANTITY = /^(0|[1-9]\d*)(?:\.(\d+))?$/;
/** Digits that are kept of a quantity which no meter reads; those that are read have far fewer. */
const QUANTITY_CHARACTERS_MAX = 64;

/** The rule of quantities, as far as it does not depend on a meter's scale. Absent is 1. */
export function checkQuantity(value: unknown, path: string): Fault | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return undefined;
    return { path, reason: 'as a number it must be a whole one from 0 to 2^53 - 1; send anything else as a string' };
  }
  if (typeof value === 'string' && PLAIN_QUANTITY.test(value)) {
    if (normalQuantity(value).length <= QUANTITY_CHARACTERS_MAX) return undefined;
    return { path, reason: `has more than ${QUANTITY_CHARACTERS_MAX} digits` };
  }
  return { path, reason: 'must be plain digits, perhaps with a point: no sign, no exponent' };
}

/** Writes a sound quantity in its one form, so that 5, "5" and "5.0" are the same content. */
export function normalQuantity(value: unknown): string {
  if (typeof value !== 'string') return typeof value === 'number' ? String(value) : '1';
  if (!value.includes('.')) return value;
  let end = value.length;
  while (value[end - 1] === '0') end -= 1;
  return value.slice(0, value[end - 1] === '.' ? end - 1 : end);
}

const NO_PROPERTIES: PropertiesResult = { text: '{}' };

/** The rule of properties. */
export function checkPropertiesField(value: unknown, path: string): PropertiesResult {
  if (value === undefined) return NO_PROPERTIES;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { fault: { path, reason: 'must be an object' } };
  }
  return checkProperties(value, path);
}
