import type { JsonValue } from './event.ts';

/**
 * Canonical JSON: names sorted by code unit, no blanks, strings as `JSON.stringify` writes them. Used wherever content is
 * hashed (invoices, recorded inputs) or compared by meaning (event properties). Numbers are written as JavaScript prints
 * them, so that `1.0` and `1e0` are the same content. Undefined members are left out, as in JSON.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members: string[] = [];
  for (const name of Object.keys(value).toSorted()) {
    const member = (value as Record<string, JsonValue | undefined>)[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}
