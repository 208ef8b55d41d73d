import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { LoadGenerator, type LoadJob, type Pace } from '../../bench/load.ts';

const EVENTS = 10;
const SECONDS = 0.3;

let server: Server;
let generator: LoadGenerator;
/** Ids in the order they arrived. */
let ids: string[];
let refuses: boolean;

beforeEach(async () => {
  ids = [];
  refuses = false;
  generator = new LoadGenerator();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const events = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id: string }[];
      ids.push(...events.map(({ id }) => id));
      const outcome = refuses && ids.length > 50 ? 'invalid' : 'accepted';
      const body = JSON.stringify({ results: events.map(({ id }) => ({ id, outcome })) });
      response.setHeader('content-length', Buffer.byteLength(body));
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  generator.stop();
  server.close();
  server.closeAllConnections();
});

function job(pace: Pace, more: Partial<LoadJob> = {}): LoadJob {
  const { port } = server.address() as AddressInfo;
  const requests = {
    kind: 'events',
    apiKey: 'key',
    eventsPerRequest: EVENTS,
    tenantsPerRequest: 1,
    tenants: 3,
    idPrefix: 'test',
  } as const;
  return { host: '127.0.0.1', port, connections: 4, seconds: SECONDS, requests, pace, ...more };
}

describe('the load generator', () => {
  test('counts exactly what was answered, and sends no id twice', async () => {
    const result = await generator.run(job({ kind: 'free' }, { requestsMax: 40, seconds: 60 }));
    expect(result.requests).toBe(40);
    expect(ids).toHaveLength(result.requests * EVENTS);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('sends at a fixed rate exactly as many requests as the time holds', async () => {
    const result = await generator.run(job({ kind: 'rate', requestsPerSecond: 200 }));
    expect(result.requests).toBe(60);
    expect(result.latencyMicros.p50).toBeGreaterThan(0);
    expect(result.latencyMicros.p99).toBeGreaterThanOrEqual(result.latencyMicros.p50);
  });

  test('keeps no more events under way than the window while nothing is committed', async () => {
    const running = generator.run(job({ kind: 'window', events: 100 }));
    const ended = running.then(() => 'ended');
    // Time alone does not end a load that waits: it is told, as the follower of the ledger tells it.
    const telling = setInterval(() => generator.committed(0), 20);
    await ended;
    clearInterval(telling);
    expect(ids).toHaveLength(100);
  });

  test('goes on as the ledger follows', async () => {
    const telling = setInterval(() => generator.committed(ids.length), 5);
    const result = await generator.run(job({ kind: 'window', events: 100 }, { requestsMax: 30, seconds: 60 }));
    clearInterval(telling);
    expect(result.requests).toBe(30);
  });

  test('ends when its time is over', async () => {
    const result = await generator.run(job({ kind: 'free' }));
    expect(ids).toHaveLength(result.requests * EVENTS);
  });

  test('gives no figure when an answer did not accept everything', async () => {
    refuses = true;
    await expect(generator.run(job({ kind: 'free' }))).rejects.toThrow(/requests failed, the first with 200/);
  });
});
