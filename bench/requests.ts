import { limitedTenantId, LIMITED_TENANTS, tenantId } from './catalogue.ts';

/** What the requests of one load are. */
export type RequestPlan =
  | {
      readonly kind: 'events';
      readonly apiKey: string;
      readonly eventsPerRequest: number;
      /** Of how many tenants the events of one request are. */
      readonly tenantsPerRequest: number;
      /** How many tenants there are. */
      readonly tenants: number;
      /** Four characters; with it every id of the load is new. */
      readonly idPrefix: string;
    }
  | { readonly kind: 'check'; readonly apiKey: string }
  | { readonly kind: 'read'; readonly apiKey: string; readonly path: string };

/** A whole HTTP request, ready to be sent. What makes it new is written into its bytes. */
export interface PreparedRequest {
  readonly bytes: Buffer;
  /** Where the number of the request stands in each id, and where the second stands in each time. */
  readonly numberOffsets: readonly number[];
  readonly secondOffsets: readonly number[];
  /** The second that is written now. */
  second: number;
}

const NUMBER_DIGITS = 9;
const NUMBER_MARK = '#'.repeat(NUMBER_DIGITS);
const SECOND_MARK = '@'.repeat('2026-01-01T00:00:00'.length);
const MODELS = ['large', 'small', 'image', 'audio'];
const MS_PER_SECOND = 1_000;
const ZERO = 0x30;

/** Builds request number `index` of a connection. The same index builds the same request. */
export function prepareRequest(plan: RequestPlan, index: number): PreparedRequest {
  const head = [
    plan.kind === 'read' ? `GET ${plan.path} HTTP/1.1` : `POST /v1/${plan.kind} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${plan.apiKey}`,
  ];
  let body = '';
  if (plan.kind !== 'read') {
    body = plan.kind === 'check' ? checkBody(index) : eventsBody(plan, index);
    head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  }
  const text = `${head.join('\r\n')}\r\n\r\n${body}`;
  return {
    bytes: Buffer.from(text, 'latin1'),
    numberOffsets: placesOf(text, NUMBER_MARK),
    secondOffsets: placesOf(text, SECOND_MARK),
    second: 0,
  };
}

function checkBody(index: number): string {
  return JSON.stringify({ tenant: limitedTenantId(index % LIMITED_TENANTS), meter: 'requests', quantity: '1' });
}

/** The body of request number `index`, with marks where what is new in each request goes. */
export function eventsBody(
  plan: Omit<Extract<RequestPlan, { kind: 'events' }>, 'kind' | 'apiKey'>,
  index: number,
): string {
  const events = Array.from({ length: plan.eventsPerRequest }, (_, place) => {
    // A fixed scatter: values look like usage, and two runs send the same.
    const scatter = (index * 7_919 + place * 104_729) % 1_000_000;
    const tenant = (index * plan.tenantsPerRequest + (place % plan.tenantsPerRequest)) % plan.tenants;
    return {
      id: `${plan.idPrefix}-${NUMBER_MARK}-${String(place).padStart(4, '0')}`,
      tenant: tenantId(tenant),
      type: 'llm.request',
      occurredAt: `${SECOND_MARK}.${String(scatter).padStart(6, '0')}Z`,
      properties: {
        inputTokens: 1_000 + (scatter % 9_000),
        outputTokens: 100 + (scatter % 900),
        model: MODELS[scatter % MODELS.length],
      },
    };
  });
  return JSON.stringify(plan.eventsPerRequest === 1 ? events[0] : events);
}

function placesOf(text: string, mark: string): number[] {
  const places: number[] = [];
  for (let place = text.indexOf(mark); place >= 0; place = text.indexOf(mark, place + mark.length)) places.push(place);
  return places;
}

const digits = new Uint8Array(NUMBER_DIGITS);

/**
 * Makes the ids of a request new and its times present, in place: a few microseconds per batch, so that the generator takes
 * little of the machine from what it measures.
 */
export function refreshRequest(request: PreparedRequest, number: number, nowMs: number): void {
  let rest = number;
  for (let place = NUMBER_DIGITS - 1; place >= 0; place -= 1) {
    digits[place] = ZERO + (rest % 10);
    rest = Math.trunc(rest / 10);
  }
  for (const offset of request.numberOffsets) request.bytes.set(digits, offset);
  const second = Math.trunc(nowMs / MS_PER_SECOND);
  if (second === request.second) return;
  request.second = second;
  const text = Buffer.from(new Date(second * MS_PER_SECOND).toISOString().slice(0, SECOND_MARK.length), 'latin1');
  for (const offset of request.secondOffsets) request.bytes.set(text, offset);
}
