import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the fake service received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the fake service answers; `cut` closes the connection without an answer. */
export type FakeAnswer =
  | {
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'cut';

/** An HTTP service of a test's own that answers what the test says. */
export interface FakeApi {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  close(): Promise<void>;
}

/** Starts the fake on a free port. */
export async function startFakeApi(
  answer: (request: ReceivedRequest, index: number) => FakeAnswer | Promise<FakeAnswer>,
): Promise<FakeApi> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const request: ReceivedRequest = {
        method: message.method ?? '',
        path: message.url ?? '',
        headers: message.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      requests.push(request);
      void Promise.resolve(answer(request, requests.length - 1)).then((given) => {
        if (given === 'cut') {
          message.socket.destroy();
          return;
        }
        const text = typeof given.body === 'string' ? given.body : JSON.stringify(given.body);
        response.writeHead(given.status, { 'content-type': 'application/json', ...given.headers }).end(text);
      });
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

/** The events of a received batch. */
export function eventsOf(request: ReceivedRequest): { id: string; [name: string]: unknown }[] {
  return (JSON.parse(request.body) as { events: { id: string }[] }).events;
}

/** Answers a batch as the service does when every event is new, or already known. */
export function answerByIds(known: Set<string>): (request: ReceivedRequest) => FakeAnswer {
  return (request) => {
    const results = eventsOf(request).map(({ id }) => {
      const outcome = known.has(id) ? 'duplicate' : 'accepted';
      known.add(id);
      return { id, outcome };
    });
    return { status: 200, body: { results } };
  };
}
