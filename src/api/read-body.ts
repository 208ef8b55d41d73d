import type { IncomingMessage } from 'node:http';

import { parseJson } from '../domain/parse-json.ts';
import { isStorableText, UNSTORABLE_TEXT } from '../domain/storable-text.ts';
import { readStream } from '../ingest/read-stream.ts';
import { ApiError, badRequest } from './api-error.ts';

/**
 * Reads a request's body, at most one byte more than `bytesMax`: whoever gets that byte knows that the body is too large, and the
 * rest is not waited for.
 *
 * @throws ApiError 400 when the sender breaks off
 */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  try {
    return (await readStream(request, bytesMax)).subarray(0, bytesMax + 1);
  } catch {
    throw badRequest('body_incomplete', 'the connection broke off before the whole body had come: send it again');
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Refuses compressed and oversized bodies and what is not UTF-8, and answers the text. */
export async function readText(request: IncomingMessage, bytesMax: number): Promise<string> {
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw new ApiError({
      status: 415,
      code: 'unsupported_coding',
      message: 'send the body without a Content-Encoding',
    });
  }
  const bytes = await readBody(request, bytesMax);
  if (bytes.length > bytesMax) {
    const message = `the body has more than ${bytesMax} bytes: send less at a time`;
    throw new ApiError({ status: 413, code: 'body_too_large', message, headers: { connection: 'close' } });
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw badRequest('body_unreadable', 'the body is not UTF-8');
  }
}

/** The content type without its parameters, in lower case; empty when there is none. */
function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Reads a JSON body; an empty one is `{}`, since most commands need nothing but their path. */
export async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const text = await readText(request, bytesMax);
  if (text.trim() === '') return {};
  const type = mediaTypeOf(request);
  if (type !== 'application/json') {
    const message = `the body must be application/json, not ${type === '' ? 'of no type' : type}`;
    throw new ApiError({ status: 415, code: 'unsupported_type', message });
  }
  const value = parsed(text);
  // In UTF-8 they can only come as escapes, which few bodies have.
  const path = text.includes('\\u') ? unstorablePath(value) : undefined;
  if (path === undefined) return value;
  throw badRequest('invalid_body', `${path === '' ? 'the body' : path} ${UNSTORABLE_TEXT}`, path);
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw badRequest('body_unreadable', 'the body is not JSON');
  }
}

/** Where a text stands that cannot be stored, or an object with such a name. Without recursion: a body may be as deep as it is long. */
function unstorablePath(body: unknown): string | undefined {
  const open: (readonly [value: unknown, path: string])[] = [[body, '']];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, path] = next;
    if (typeof value === 'string' && !isStorableText(value)) return path;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      if (!isStorableText(name)) return path;
      open.push([member, path === '' ? name : `${path}.${name}`]);
    }
  }
  return undefined;
}
