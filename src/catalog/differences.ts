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

/** The fields in which two definitions differ, lists compared position by position. At most fifty: enough to decide by. */
export function differencesOf(from: unknown, to: unknown, path = ''): readonly FieldDifference[] {
  if (canonicalJson(from) === canonicalJson(to)) return [];
  if (!isNode(from) || !isNode(to) || Array.isArray(from) !== Array.isArray(to)) {
    return [{ path, from: toJson(from), to: toJson(to) }];
  }
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names]
    .flatMap((name) => differencesOf(from[name], to[name], childPath(path, name, Array.isArray(from))))
    .slice(0, DIFFERENCES_MAX);
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
