import { canonicalJson } from '../domain/canonical.ts';
import { PROPERTY_BYTES_MAX, PROPERTY_LEVELS_MAX, PROPERTY_NAMES_MAX, type JsonObject } from '../domain/event.ts';
import { plainPropertiesText } from './plain-properties.ts';

/** What is wrong with an event: the field at fault as it was sent, and how to mend it. */
export interface Fault {
  readonly path: string;
  readonly reason: string;
}

/** Properties that are sound, as canonical JSON, or what is wrong with them. */
export type PropertiesResult = { readonly text: string } | { readonly fault: Fault };

/** What the walk has seen so far. It stops at the first fault. */
interface Walk {
  readonly root: string;
  names: number;
}

const NUL = '\u0000';

/**
 * Checks the properties of an event (`value` is an object): levels, names, bytes, and that nothing in them would be changed or
 * refused by a store. Bounded work: the walk goes no deeper than allowed and stops at the first fault.
 */
export function checkProperties(value: object, root: string): PropertiesResult {
  const plain = plainPropertiesText(value);
  if (plain !== undefined) return { text: plain };
  const fault = checkValue({ root, names: 0 }, value, root, 1);
  if (fault !== undefined) return { fault };
  // The order of names changes no byte count: canonical JSON is as long as what `JSON.stringify` writes.
  const text = canonicalJson(value);
  if (Buffer.byteLength(text, 'utf8') <= PROPERTY_BYTES_MAX) return { text };
  const reason = `more than ${PROPERTY_BYTES_MAX} bytes as compact JSON: events carry facts, not payloads`;
  return { fault: { path: root, reason } };
}

function checkValue(walk: Walk, value: unknown, path: string, level: number): Fault | undefined {
  if (typeof value === 'string') return checkText(value, path);
  if (typeof value === 'number') return checkNumber(value, path);
  if (typeof value !== 'object' || value === null) return undefined;
  if (level > PROPERTY_LEVELS_MAX) {
    return { path: walk.root, reason: `more than ${PROPERTY_LEVELS_MAX} levels of objects and lists` };
  }
  return Array.isArray(value) ? checkList(walk, value, path, level) : checkObject(walk, value, path, level);
}

function checkList(walk: Walk, list: readonly unknown[], path: string, level: number): Fault | undefined {
  for (const [index, element] of list.entries()) {
    const fault = checkValue(walk, element, `${path}[${index}]`, level + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkObject(walk: Walk, object: object, path: string, level: number): Fault | undefined {
  for (const [name, member] of Object.entries(object)) {
    walk.names += 1;
    if (walk.names > PROPERTY_NAMES_MAX) {
      return { path: walk.root, reason: `more than ${PROPERTY_NAMES_MAX} names over all levels` };
    }
    if (name === '__proto__') return { path: `${path}.__proto__`, reason: 'the name __proto__ is not allowed' };
    if (checkText(name, path) !== undefined) {
      return { path, reason: 'a name holds U+0000 or half a surrogate pair, which cannot be stored' };
    }
    const fault = checkValue(walk, member, `${path}.${name}`, level + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkText(text: string, path: string): Fault | undefined {
  if (text.includes(NUL)) return { path, reason: 'U+0000 cannot be stored' };
  if (!text.isWellFormed()) return { path, reason: 'half of a surrogate pair is not valid text' };
  return undefined;
}

function checkNumber(value: number, path: string): Fault | undefined {
  const isChanged = !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
  return isChanged ? { path, reason: 'a number this large would be changed: send it as a string' } : undefined;
}

/** Reads a property by its own name only: never one that every object inherits. */
export function ownProperty(properties: JsonObject | null, name: string): JsonObject[string] | undefined {
  return properties !== null && Object.hasOwn(properties, name) ? properties[name] : undefined;
}
