import { canonicalJson } from '../domain/canonical.ts';
import type { JsonValue } from '../domain/event.ts';

/**
 * One field that a change moves. `null` stands for a field that is not there. A type and no interface, so that the compiler
 * takes it for the JSON it is kept as.
 */
export type FieldDifference = {
  readonly path: string;
  readonly from: JsonValue;
  readonly to: JsonValue;
};

const DIFFERENCES_MAX = 50;

/**
 * The fields in which two definitions differ. Entries of a list that all have a key of their own are compared with those of the same
 * key (`charges[calls].price`), others position by position. At most fifty: enough to decide by.
 */
export function differencesOf(from: unknown, to: unknown, path = ''): readonly FieldDifference[] {
  if (canonicalJson(from) === canonicalJson(to)) return [];
  if (!isNode(from) || !isNode(to) || Array.isArray(from) !== Array.isArray(to)) {
    return [{ path, from: toJson(from), to: toJson(to) }];
  }
  const [keyedFrom, keyedTo] = [byKey(from), byKey(to)];
  if (keyedFrom === undefined || keyedTo === undefined) return childDifferences(from, to, path);
  const differences = childDifferences(keyedFrom, keyedTo, path, true);
  if (differences.length > 0) return differences;
  // Nothing but their order, which is that of the invoice's lines.
  return [{ path, from: Object.keys(keyedFrom), to: Object.keys(keyedTo) }];
}

function childDifferences(
  from: Node,
  to: Node,
  path: string,
  inList = Array.isArray(from),
): readonly FieldDifference[] {
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names]
    .flatMap((name) => differencesOf(from[name], to[name], childPath(path, name, inList)))
    .slice(0, DIFFERENCES_MAX);
}

/** The entries of a list by their keys; `undefined` for anything else, and where a key is missing or there twice. */
function byKey(node: Node): Node | undefined {
  if (!Array.isArray(node)) return undefined;
  const entries: readonly unknown[] = node;
  const keys = entries.map((entry) => (isNode(entry) && typeof entry['key'] === 'string' ? entry['key'] : undefined));
  if (keys.includes(undefined) || new Set(keys).size < keys.length) return undefined;
  return Object.fromEntries(entries.map((entry, index) => [keys[index], entry]));
}

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return value !== null && typeof value === 'object';
}

function toJson(value: unknown): JsonValue {
  return value === undefined ? null : (value as JsonValue);
}

function childPath(path: string, name: string, inList: boolean): string {
  if (inList) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}
