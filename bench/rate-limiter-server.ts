/**
 * The competitor of `check`: `rate-limiter-flexible` behind the smallest server that could hold it. The first parameter is the URL of
 * Redis, the second `get` (reads what is left, as a check does) or `consume` (takes one).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';

const POINTS = 900_000_000_000;
const DURATION_SECONDS = 86_400;

const [redisUrl = '', call = 'get'] = process.argv.slice(2);
const redis = new Redis(redisUrl);
const limiter = new RateLimiterRedis({
  storeClient: redis,
  keyPrefix: 'bench:limiter',
  points: POINTS,
  duration: DURATION_SECONDS,
});

async function remaining(tenant: string): Promise<number> {
  const state = call === 'consume' ? await limiter.consume(tenant, 1) : await limiter.get(tenant);
  return state?.remainingPoints ?? POINTS;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { tenant } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { tenant: string };
  // As many digits every time, as the load generator wants it.
  const left = String(await remaining(tenant)).padStart(15, '0');
  const body = JSON.stringify({ allowed: true, remaining: left });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
process.once('SIGTERM', () => process.exit(0));
