import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A sender that is slower than this with its headers, or with a whole request, is cut off. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle time of the usual load balancers, so that they and not we end a kept connection. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How long requests that run may take to end when the service is told to stop. */
const DRAIN_TIMEOUT_MS = 10_000;

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
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${shownHost}:${address.port}`, stop: () => stopServer(server) };
}

async function stopServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}
