import type { IncomingMessage } from 'node:http';

import { checkCloudEvent } from './check-cloud-event.ts';
import type { FormResult } from './check-event.ts';
import type { Fault } from './check-properties.ts';

/**
 * CloudEvents in HTTP's binary mode: the attributes are headers `ce-…`, the body is the data. Source of the rules: CloudEvents 1.0.2,
 * HTTP protocol binding, section 3.1.
 */

/** The headers of a request by name in lower case, as often as each was sent. */
export type AttributeHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** A request in binary mode, with its body read. */
export interface BinaryEvent {
  readonly headers: AttributeHeaders;
  /** The body's value; `undefined` when there was none. */
  readonly data: unknown;
}

/** Any one of them says that the sender means a CloudEvent; one that is missing is a fault of the event. */
const TELLING_HEADERS = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type'] as const;

/** The headers of a CloudEvent in binary mode; `undefined` when the request has none of the required ones. */
export function attributeHeaders(request: IncomingMessage): AttributeHeaders | undefined {
  return TELLING_HEADERS.some((name) => request.headers[name] !== undefined) ? request.headersDistinct : undefined;
}

/** What ingest reads; other attributes are allowed and not kept. `id` first, so that a fault elsewhere is answered with it. */
const ATTRIBUTES = ['id', 'specversion', 'source', 'type', 'subject', 'time'] as const;

/** Checks the form of a binary event: what its headers say by the rules of structured mode, with their paths. */
export function checkBinaryEvent({ headers, data }: BinaryEvent): FormResult {
  const attributes: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const name of ATTRIBUTES) {
    const values = headers[`ce-${name}`];
    if (values === undefined) continue;
    const read = readAttribute(values, name);
    if (typeof read === 'string') attributes[name] = read;
    else faults.push(read);
  }
  if (headers['ce-datacontenttype'] !== undefined) {
    faults.push({ path: 'datacontenttype', reason: 'in binary mode Content-Type says it: remove ce-datacontenttype' });
  }
  const [fault] = faults;
  const id = attributes['id'];
  if (fault !== undefined) return { kind: 'invalid', id: typeof id === 'string' ? id : null, fault };
  return checkCloudEvent({ ...attributes, ...(data !== undefined && { data }) });
}

const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;
const PRINTABLE_ASCII = /^[\t\x20-\x7e]*$/;

/** A header's value as the attribute it stands for: quotes taken off, then one round of percent-decoding. */
function readAttribute(values: readonly string[], path: string): string | Fault {
  const [value = '', ...more] = values;
  if (more.length > 0) return { path, reason: `the header ce-${path} was sent more than once` };
  if (!PRINTABLE_ASCII.test(value)) {
    return { path, reason: `the header ce-${path} has other than ASCII characters: percent-encode their UTF-8 bytes` };
  }
  const plain = QUOTED.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? value;
  try {
    // Refuses bytes that are not UTF-8, and a percent sign that begins no byte.
    return decodeURIComponent(plain);
  } catch {
    return { path, reason: `the header ce-${path} is not percent-encoded UTF-8: write a percent sign as %25` };
  }
}
