import { z } from 'zod';

import { parseInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { isStorableText, UNSTORABLE_TEXT } from '../domain/storable-text.ts';
import { badRequest } from './api-error.ts';
import type { RouteContext } from './route.ts';

export const PAGE_LIMIT_DEFAULT = 50;
const PAGE_LIMIT_MAX = 200;
const CURSOR_CHARACTERS_MAX = 500;

/** An instant of the query, in microseconds. */
export const instantParameter = z.string().transform((text, context): EpochMicros => {
  const micros = parseInstant(text);
  if (micros !== undefined) return micros;
  context.addIssue({ code: 'custom', message: 'must be an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z' });
  return z.NEVER;
});

/** The parameters of every list. */
export const pageParameters = {
  cursor: z.string().min(1).max(CURSOR_CHARACTERS_MAX).optional(),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1 on')
    .transform((text) => Math.min(Number(text), PAGE_LIMIT_MAX))
    .optional(),
};

/** A flag: `true` or `false`. */
export const flagParameter = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');

/**
 * Whether the query asks for costs (`?cost=true`). Routes that are answered in front of Express have no query then, and other
 * parameters of them were always let through. @throws ApiError 400
 */
export function asksForCost({ query }: RouteContext): boolean {
  const text = query.get('cost');
  if (text === null) return false;
  const flag = flagParameter.safeParse(text);
  if (flag.success) return flag.data;
  throw badRequest('invalid_query', 'cost: must be true or false', 'cost');
}

/** Reads the query by its schema. @throws ApiError 400 naming the parameter; unknown and repeated ones are refused too */
export function readQuery<T extends z.ZodType>(context: RouteContext, schema: T): z.output<T> {
  const names = [...context.query.keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw badRequest('invalid_query', `${repeated} is given more than once`, repeated);
  const unstorable = names.find((name) => !isStorableText(context.query.get(name) ?? ''));
  if (unstorable !== undefined) throw badRequest('invalid_query', `${unstorable} ${UNSTORABLE_TEXT}`, unstorable);
  const parsed = schema.safeParse(Object.fromEntries(context.query));
  if (parsed.success) return parsed.data;
  throw refusal('invalid_query', parsed.error, 'query parameter');
}

const DRY_RUN_QUERY = z.strictObject({ dryRun: flagParameter.optional() });

/** Whether a change is only to be shown (`?dryRun=true`). @throws ApiError 400; there are no other parameters */
export function readDryRun(context: RouteContext): boolean {
  return readQuery(context, DRY_RUN_QUERY).dryRun ?? false;
}

/** Checks a JSON body by its schema. @throws ApiError 400 naming the field */
export function checkBody<T extends z.ZodType>(body: unknown, schema: T): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw refusal('invalid_body', parsed.error, 'field');
}

function refusal(code: string, error: z.ZodError, what: string) {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const name = issue.keys[0] ?? '';
    return badRequest(code, `${name} is not a ${what} of this route: remove it`, name);
  }
  const path = issue?.path.join('.') ?? '';
  return badRequest(code, `${path === '' ? 'the body' : path}: ${issue?.message ?? 'cannot be read'}`, path);
}
