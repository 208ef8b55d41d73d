import { once } from 'node:events';
import { createServer, STATUS_CODES } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { problemBody, PROBLEM_TYPE } from './api-error.ts';

/** A sender that is slower than this with its headers, or with a whole request, is cut off. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle time of the usual load balancers, so that they and not we end a kept connection. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How long requests that run may take to end when the service is told to stop. */
const DRAIN_TIMEOUT_MS = 10_000;
const IDLE_SWEEP_MS = 50;

const CLIENT_ERROR_STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** A server that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:4400`, with the port that was given. */
  readonly url: string;
  /** Takes no new request, waits (bounded) for those that run, then cuts what is left. */
  stop(): Promise<void>;
}

/** Listens. @param port 0: any free one @throws the system's error (`EADDRINUSE`, …) */
export async function serve(listener: RequestListener, host: string, port: number): Promise<RunningServer> {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS },
    listener,
  );
  server.on('clientError', refuseClient);
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${shownHost}:${address.port}`, stop: () => stopServer(server) };
}

/** What Node's parser refuses never reaches the app; by default its answer has no body. */
function refuseClient(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = CLIENT_ERROR_STATUSES[error.code ?? ''] ?? 400;
  const message = `this is not a request that can be read (${error.code ?? 'no reason given'})`;
  const body = JSON.stringify(problemBody({ status, code: 'invalid_http', message }));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

async function stopServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // A connection becomes idle when its last answer is sent, and would then wait for a next request.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
