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
  const values = properties as Readonly<Record<string, unknown>>;
  let isInOrder = true;
  let previous = '';
  for (const name of names) {
    if (!isPlainValue(values[name]) || name === '__proto__' || !isPlainText(name)) return undefined;
    if (name < previous) isInOrder = false;
    previous = name;
  }
  // Names in order are canonical as they are, and what comes back is one flat text, which is hashed and copied faster.
  const text = isInOrder ? JSON.stringify(properties) : orderedText(values, names);
  return text.length <= PROPERTY_BYTES_MAX ? text : undefined;
}

/** Fractions and large numbers are looked at by the whole rule. */
function isPlainValue(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return isPlainText(value);
    case 'number':
      return Number.isSafeInteger(value);
    case 'boolean':
      return true;
    default:
      return value === null;
  }
}

function orderedText(values: Readonly<Record<string, unknown>>, names: string[]): string {
  sortInPlace(names);
  const members: string[] = [];
  for (const name of names) {
    const value = values[name];
    members.push(typeof value === 'string' ? `"${name}":"${value}"` : `"${name}":${String(value)}`);
  }
  return `{${members.join(',')}}`;
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
