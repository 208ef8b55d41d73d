import { request as httpRequest } from 'node:http';

/** One case of the ingest conformance file; its README describes the format. */
export interface ConformanceCase {
  readonly id: string;
  readonly family: string;
  readonly title: string;
  readonly request?: CaseRequest;
  readonly expect?: CaseExpectation;
  readonly steps?: readonly { readonly request: CaseRequest; readonly expect: CaseExpectation }[];
  readonly counted?: Readonly<Record<string, string>>;
}

/** The request of a case, as its file has it. */
export interface CaseRequest {
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: unknown;
  readonly rawBody?: string;
  readonly repeat?: readonly { readonly text?: string; readonly times?: number; readonly hex?: string }[];
  readonly padTo?: number;
  readonly chunked?: boolean;
}

/** What the answer of a case must have. */
export interface CaseExpectation {
  readonly status: number;
  readonly outcomes: readonly (string | readonly [string, number])[] | null;
  readonly path: string | null;
  readonly paths?: readonly (string | null)[];
}

/** What placeholders stand for. */
export interface Placeholders {
  readonly run: string;
  readonly nowMs: number;
  readonly keys: Readonly<Record<string, string>>;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PLACEHOLDER = /\{(run|i|key:(\w+)|now(?:([+-]\d+)([smhd]))?(?:\|(\w+))?)\}/g;

function fill(text: string, placeholders: Placeholders, repetition?: number): string {
  return text.replace(
    PLACEHOLDER,
    (whole, name: string, key?: string, count?: string, unit?: string, form?: string) => {
      if (name === 'run') return placeholders.run;
      if (name === 'i') return repetition === undefined ? whole : String(repetition);
      if (key !== undefined) return placeholders.keys[key] ?? whole;
      const ms = placeholders.nowMs + Number(count ?? 0) * (UNIT_MS[unit ?? 's'] ?? 0);
      const wall = new Date(ms).toISOString().slice(0, 19);
      const forms: Record<string, string> = {
        wall,
        date: wall.slice(0, 10),
        time: wall.slice(11),
        epoch: String(Math.floor(ms / 1_000)),
        epochms: String(ms),
      };
      return forms[form ?? ''] ?? `${wall}Z`;
    },
  );
}

/** The bytes of a request's body. */
function bodyBytes(request: CaseRequest, placeholders: Placeholders): Buffer {
  const body = request.repeat === undefined ? plainBody(request, placeholders) : repeatedBody(request, placeholders);
  const missing = (request.padTo ?? 0) - body.length;
  return missing > 0 ? Buffer.concat([body, Buffer.alloc(missing, ' ')]) : body;
}

function plainBody(request: CaseRequest, placeholders: Placeholders): Buffer {
  return Buffer.from(fill(request.rawBody ?? JSON.stringify(request.body), placeholders), 'utf8');
}

function repeatedBody(request: CaseRequest, placeholders: Placeholders): Buffer {
  const parts = (request.repeat ?? []).flatMap(({ text, times = 1, hex }) => {
    if (hex !== undefined) return [Buffer.from(hex.replaceAll(' ', ''), 'hex')];
    return Array.from({ length: times }, (_, index) => Buffer.from(fill(text ?? '', placeholders, index), 'utf8'));
  });
  return Buffer.concat(parts);
}

/** Sends one request with exactly the headers the case names. An answer that comes before the body was read counts. */
export function sendCase(
  url: string,
  request: CaseRequest,
  placeholders: Placeholders,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: unknown }> {
  const bytes = bodyBytes(request, placeholders);
  const given: Record<string, string | null> = {
    'Content-Type': 'application/json',
    Authorization: 'Bearer {key:write}',
    ...(request.chunked !== true && { 'Content-Length': String(bytes.length) }),
    ...request.headers,
  };
  const headers = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [[name, fill(value, placeholders)]])),
  );
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: readAnswer(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

/** What is no JSON is a text, which no case expects. */
function readAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Writes out `["accepted", 500]`. */
export function expandOutcomes(outcomes: NonNullable<CaseExpectation['outcomes']>): string[] {
  return outcomes.flatMap((outcome) =>
    typeof outcome === 'string' ? [outcome] : Array.from({ length: outcome[1] }, () => outcome[0]),
  );
}
