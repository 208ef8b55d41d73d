import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ConfigError } from '../src/config.ts';
import type { Scrape } from '../src/metrics/scrape.ts';

/** Prometheus sends a short head and no body: who is slower than this is none. */
const REQUEST_TIMEOUT_MS = 5_000;
/** A few scrapers at most; the rest of the machine is for billing. */
const CONNECTIONS_MAX = 32;

/** The worker's only way in. */
export interface MetricsServer {
  /** `http://127.0.0.1:4401`, with the port that was given. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics` and nothing else.
 *
 * @param at.port 0: any free one
 * @throws ConfigError when the port is taken, which a second worker on the same machine would find
 */
export async function serveMetrics(
  at: { readonly host: string; readonly port: number },
  scrape: () => Promise<Scrape>,
): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('request', ({ method, url }, response) => {
    if (url?.split('?')[0] !== '/metrics') answer(response, 404, 'the worker serves GET /metrics only\n');
    else if (method !== 'GET') answer(response, 405, 'only GET\n', { allow: 'GET' });
    else {
      scrape().then(
        ({ contentType, text }) => answer(response, 200, text, { 'content-type': contentType }),
        (error: unknown) => answer(response, 500, `${String(error)}\n`),
      );
    }
  });
  server.listen(at.port, at.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    throw new ConfigError(
      `port ${at.port} of ${at.host} is taken: stop what listens there, or set TOLLKEEPER_WORKER_PORT (0: any free one)`,
    );
  }
  const address = server.address() as AddressInfo;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
  response.end(text);
}
