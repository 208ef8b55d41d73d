import { PROPERTY_BYTES_MAX, PROPERTY_NAMES_MAX } from '../domain/event.ts';

/**
 * The short way for what nearly all events carry: some names with plain texts, numbers and flags. It writes the canonical JSON in one
 * pass without paths or regular expressions, and leaves everything else to the whole rule.
 */

const QUOTE = 34;
const BACKSLASH = 92;
const FIRST_PRINTABLE = 32;
const LAST_PRINTABLE = 126;

/** Whether JSON writes the text as it is between quotes, one byte per character: ASCII without controls, quote and backslash. */
export function isPlainText(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < FIRST_PRINTABLE || code > LAST_PRINTABLE || code === QUOTE || code === BACKSLASH) return false;
  }
  return true;
}

/** The canonical JSON of properties that are sound at first sight; `undefined`: check them by the whole rule. */
export function plainPropertiesText(properties: object): string | undefined {
  const names = Object.keys(properties);
  if (Array.isArray(properties) || names.length > PROPERTY_NAMES_MAX) return undefined;
  sortInPlace(names);
  let text = '{';
  for (const name of names) {
    const value = plainValueText((properties as Readonly<Record<string, unknown>>)[name]);
    if (value === undefined || name === '__proto__' || !isPlainText(name)) return undefined;
    text += text.length === 1 ? `"${name}":${value}` : `,"${name}":${value}`;
  }
  return text.length < PROPERTY_BYTES_MAX ? `${text}}` : undefined;
}

function plainValueText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return isPlainText(value) ? `"${value}"` : undefined;
    case 'number':
      // Fractions and large numbers are looked at by the whole rule.
      return Number.isSafeInteger(value) ? String(value) : undefined;
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return value === null ? 'null' : undefined;
  }
}

/** By code unit, as `toSorted` does. Names are few and often in order, for which an insertion sort is fastest. */
function sortInPlace(names: string[]): void {
  for (let end = 1; end < names.length; end += 1) {
    const name = names[end] ?? '';
    let place = end;
    for (let before = names[place - 1] ?? ''; place > 0 && before > name; before = names[place - 1] ?? '') {
      names[place] = before;
      place -= 1;
    }
    names[place] = name;
  }
}
