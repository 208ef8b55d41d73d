import { canonicalJson } from '../domain/canonical.ts';
import type { JsonObject } from '../domain/event.ts';
import {
  checkId,
  checkInstant,
  checkPropertiesField,
  checkQuantity,
  checkTenant,
  checkType,
  normalQuantity,
  readInstant,
  type FormResult,
} from './check-event.ts';
import type { Fault } from './check-properties.ts';

/**
 * Reads a CloudEvent 1.0: `subject` is the tenant, `type` the type, `time` the instant, `data` the properties, of which a member
 * `quantity` is the event's quantity; `source` and `id` together are its identity. Other attributes are allowed and not kept.
 */
export function checkCloudEvent(value: unknown): FormResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'invalid', id: null, fault: { reason: 'a CloudEvent is an object' } };
  }
  const fields = new Map(Object.entries(value));
  const id = fields.get('id');
  const data = fields.get('data');
  const fault = checkEnvelope(fields) ?? checkData(data);
  if (fault !== undefined) return { kind: 'invalid', id: typeof id === 'string' ? id : null, fault };
  const { quantity, properties } = splitData(data as JsonObject | undefined);
  const source = fields.get('source') as string;
  return {
    kind: 'sound',
    event: {
      id: id as string,
      identity: [source, id as string],
      ledgerId: `${source} ${id as string}`,
      tenant: fields.get('subject') as string,
      type: fields.get('type') as string,
      occurredAtMicros: readInstant(fields.get('time') as string) ?? 0,
      quantity: normalQuantity(quantity),
      properties,
      propertiesText: canonicalJson(properties ?? {}),
      quantityPath: 'data.quantity',
      propertiesPath: 'data',
    },
  };
}

function checkEnvelope(fields: ReadonlyMap<string, unknown>): Fault | undefined {
  if (fields.get('specversion') !== '1.0') return { path: 'specversion', reason: 'must be "1.0"' };
  const contentType = fields.get('datacontenttype');
  if (contentType !== undefined && !isJson(contentType)) {
    return { path: 'datacontenttype', reason: 'must be application/json: the data is read as properties' };
  }
  return (
    checkId(fields.get('id'), 'id') ??
    checkId(fields.get('source'), 'source') ??
    checkTenant(fields.get('subject'), 'subject') ??
    checkType(fields.get('type')) ??
    checkInstant(fields.get('time'), 'time')
  );
}

function isJson(contentType: unknown): boolean {
  return typeof contentType === 'string' && /^application\/json(\s*;|$)/i.test(contentType);
}

function checkData(data: unknown): Fault | undefined {
  const properties = checkPropertiesField(data, 'data');
  return 'fault' in properties ? properties.fault : checkQuantity(ownQuantity(data), 'data.quantity');
}

function ownQuantity(data: unknown): unknown {
  return data !== undefined && Object.hasOwn(data as object, 'quantity')
    ? (data as { quantity: unknown }).quantity
    : undefined;
}

function splitData(data: JsonObject | undefined): { quantity: unknown; properties: JsonObject | null } {
  if (data === undefined) return { quantity: undefined, properties: null };
  const { quantity, ...properties } = data;
  return { quantity, properties };
}
