import type { World } from './world.ts';

/** An answer of the API, body parsed. */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** One invoice as `GET /v1/invoices/:id` gives it; only what tests look at. */
export interface InvoiceAnswer {
  readonly id: string;
  readonly number: string | null;
  readonly status: string;
  readonly contentDigest: string;
  readonly content: {
    readonly lines: readonly { readonly key: string; readonly quantity: string; readonly amountMinor: string }[];
    readonly subtotalMinor: string;
    readonly taxMinor: string;
    readonly totalMinor: string;
    readonly supplyStart: string;
    readonly supplyEnd: string;
  };
}

/** Calls the API as its administrator. */
export async function callApi<T>(
  world: Pick<World, 'apiUrl' | 'adminKey'>,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<T>> {
  const response = await fetch(`${world.apiUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${world.adminKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
}

/** Applies a catalogue (YAML text) and fails the test when it is refused. */
export async function applyCatalogue(world: World, yaml: string): Promise<void> {
  const answer = await callApi(world, 'POST', '/v1/catalogue', yaml, { 'content-type': 'application/yaml' });
  if (answer.status >= 300) throw new Error(`catalogue refused: ${JSON.stringify(answer.body)}`);
}

/** The issued invoices of a tenant, oldest first. */
export async function issuedInvoices(world: World, tenant: string): Promise<InvoiceAnswer[]> {
  const list = await callApi<{ data: { id: string; status: string }[] }>(world, 'GET', `/v1/invoices?tenant=${tenant}`);
  const ids = list.body.data.filter(({ status }) => status !== 'draft').map(({ id }) => id);
  const answers = await Promise.all(ids.map((id) => callApi<InvoiceAnswer>(world, 'GET', `/v1/invoices/${id}`)));
  return answers.map(({ body }) => body).toSorted((a, b) => (a.content.supplyStart < b.content.supplyStart ? -1 : 1));
}

const POLL_MS = 100;

/** Asks until there is an answer, at most `timeoutMs`. Faults of a world that is being broken count as "not yet". */
export async function eventually<T>(ask: () => Promise<T | undefined>, timeoutMs: number, what: string): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let lastFault = '';
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (fault) {
      lastFault = fault instanceof Error ? fault.message : String(fault);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`${what} did not happen within ${timeoutMs} ms${lastFault === '' ? '' : `: ${lastFault}`}`);
}
