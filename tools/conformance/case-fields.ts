import { type EpochMicros, parseInstant, type InstantText } from '../../src/domain/instant.ts';
import { isPlainDecimal } from '../../src/domain/decimal.ts';
import { type Exact, exact } from '../../src/rating/exact.ts';

/** The fields of a case, as JSON has them, but for numbers, which are decimal strings. Readers throw on what is missing or odd. */
export type CaseFields = Readonly<Record<string, unknown>>;

/** A JSON object. @param what names it in the error */
export function fieldsOf(value: unknown, what: string): CaseFields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${what} must be an object`);
  return value as CaseFields;
}

/** Whether a field is there; `null` is as good as none. */
export function has(fields: CaseFields, name: string): boolean {
  return fields[name] !== undefined && fields[name] !== null;
}

/** A plain decimal. */
export function decimalIn(fields: CaseFields, name: string, otherwise?: string): string {
  return decimalOf(fields[name] ?? otherwise, name);
}

/** A plain decimal, or `undefined` where the field is not there. */
export function optionalDecimalIn(fields: CaseFields, name: string): string | undefined {
  return has(fields, name) ? decimalIn(fields, name) : undefined;
}

/** A plain decimal, exactly. */
export function exactIn(fields: CaseFields, name: string): Exact {
  return exact(decimalIn(fields, name));
}

/** A list of plain decimals. */
export function decimalsIn(fields: CaseFields, name: string): string[] {
  return listIn(fields, name).map((value) => decimalOf(value, name));
}

/** A list. */
export function listIn(fields: CaseFields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new TypeError(`${name} must be a list`);
  return value as readonly unknown[];
}

/** The decimals of an object by their names, in its order. */
export function namedDecimalsIn(fields: CaseFields, name: string): [string, string][] {
  return Object.entries(fieldsOf(fields[name], name)).map(([key, value]) => [key, decimalOf(value, `${name}.${key}`)]);
}

/** `true` or `false`. */
export function flagIn(fields: CaseFields, name: string, otherwise?: boolean): boolean {
  const value = fields[name] ?? otherwise;
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false`);
  return value;
}

/** One of some words. */
export function wordIn<Word extends string>(
  fields: CaseFields,
  name: string,
  words: readonly Word[],
  otherwise?: Word,
): Word {
  const value = fields[name] ?? otherwise;
  const found = words.find((word) => word === value);
  if (found === undefined) throw new TypeError(`${name} must be one of ${words.join(', ')}`);
  return found;
}

const WHOLE_NUMBER = /^\d{1,9}$/;

/** A count: a whole number that is not negative. */
export function countIn(fields: CaseFields, name: string): number {
  const text = decimalIn(fields, name);
  if (!WHOLE_NUMBER.test(text)) throw new TypeError(`${name} must be a whole number`);
  return Number(text);
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** An instant. A date is midnight UTC of that day. */
export function instantIn(fields: CaseFields, name: string): InstantText {
  return instantOf(fields[name], name);
}

/** An instant in microseconds. */
export function microsIn(fields: CaseFields, name: string): EpochMicros {
  return parseInstant(instantIn(fields, name)) ?? 0;
}

/** `[start, end)`. */
export function periodIn(fields: CaseFields): { readonly start: InstantText; readonly end: InstantText } {
  const [start, end] = listIn(fields, 'period');
  return { start: instantOf(start, 'period'), end: instantOf(end, 'period') };
}

/** Whether a field is a date, and not an instant of some day. */
export function isDateIn(fields: CaseFields, name: string): boolean {
  const value = fields[name];
  return typeof value === 'string' && DATE.test(value);
}

function instantOf(value: unknown, name: string): InstantText {
  const text = typeof value === 'string' && DATE.test(value) ? `${value}T00:00:00Z` : value;
  if (typeof text !== 'string' || parseInstant(text) === undefined)
    throw new TypeError(`${name} must be a date or an instant`);
  return text;
}

function decimalOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || !isPlainDecimal(value)) throw new TypeError(`${name} must be a plain decimal`);
  return value;
}

/** A decimal, or the exact fraction `a/b`. */
export function fractionOf(value: unknown, name: string): Exact {
  const [numerator, denominator, ...more] = typeof value === 'string' ? value.split('/') : [];
  if (more.length > 0) throw new TypeError(`${name} must be a decimal or a/b`);
  const above = exact(decimalOf(numerator, name));
  return denominator === undefined ? above : above.dividedBy(exact(decimalOf(denominator, name)));
}
