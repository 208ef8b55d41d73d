import { Agent, request } from 'node:http';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { probeMachine } from './probe.ts';
import { startRealStack } from '../tools/real-stack.ts';

/** The figures of one run: events from the first request until the last of them is a committed row. */
export interface IngestRun {
  readonly events: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly answeredPerSecond: number;
}

/** What a run measured. */
export interface IngestReport {
  readonly batchSize: number;
  readonly connections: number;
  readonly runs: readonly IngestRun[];
  readonly medianEventsPerSecond: number;
  readonly medianAnsweredPerSecond: number;
  readonly probeBefore: number;
  readonly probeAfter: number;
  /** Of the servers: `PostgreSQL 18.4, Redis 7.0.15`. */
  readonly versions: string;
}

const BATCH_SIZE = 100;
const CONNECTIONS = 16;
const RUNS = 5;
const EVENTS_PER_RUN = 100_000;
const DRAIN_TIMEOUT_MS = 300_000;
const POLL_MS = 50;

const CATALOGUE = `
issuer: { name: Bench, addressLines: [] }
meters:
  - { key: requests, eventType: llm.request, aggregation: count, unit: request }
  - { key: input_tokens, eventType: llm.request, aggregation: sum, value: { property: inputTokens }, unit: token }
plans:
  - { key: bench, name: Bench, currency: USD, baseFee: 0, charges: [] }
tenants:
  - id: bench
    name: Bench
    currency: USD
    timeZone: UTC
    billingStart: 2026-01-01T00:00:00Z
    periodLength: year
    lateWindow: 1h
    taxRates: []
    paymentTermsDays: 30
    plan: bench
    buyer: { name: Bench, addressLines: [] }
`;

interface Target {
  readonly apiUrl: string;
  readonly key: string;
}

function post(agent: Agent, target: Target, path: string, contentType: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType, authorization: `Bearer ${target.key}` };
    const outgoing = request(`${target.apiUrl}${path}`, { method: 'POST', agent, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () =>
        (incoming.statusCode ?? 500) < 300
          ? resolve(text)
          : reject(new Error(`${incoming.statusCode}: ${text.slice(0, 300)}`)),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** An application's key: one that may backfill asks the ledger for every id first, which is not what is measured here. */
async function createIngestKey(agent: Agent, administrator: Target): Promise<string> {
  const body = JSON.stringify({ name: 'bench', scopes: ['ingest'] });
  const answer = await post(agent, administrator, '/v1/keys', 'application/json', body);
  return (JSON.parse(answer) as { secret: string }).secret;
}

function batch(run: number, number: number): string {
  const occurredAt = new Date().toISOString();
  const events = Array.from({ length: BATCH_SIZE }, (_, index) => ({
    id: `${run}-${number}-${index}`,
    tenant: 'bench',
    type: 'llm.request',
    occurredAt,
    properties: { inputTokens: 1_000 + index, model: 'large' },
  }));
  return JSON.stringify(events);
}

async function ledgerRows(database: Client): Promise<number> {
  const { rows } = await database.query<{ total: string }>(
    'select coalesce(sum(event_count), 0)::text as total from usage_hourly where meter = $1',
    ['requests'],
  );
  return Number(rows[0]?.total);
}

async function waitForRows(database: Client, wanted: number): Promise<void> {
  const deadline = performance.now() + DRAIN_TIMEOUT_MS;
  while ((await ledgerRows(database)) < wanted) {
    if (performance.now() > deadline) throw new Error(`the ledger did not reach ${wanted} rows in time`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function measureRun(run: number, target: Target, agent: Agent, database: Client): Promise<IngestRun> {
  const rowsBefore = await ledgerRows(database);
  const bodies = Array.from({ length: EVENTS_PER_RUN / BATCH_SIZE }, (_, number) => batch(run, number));
  let next = 0;
  const send = async (): Promise<void> => {
    for (let number = next++; number < bodies.length; number = next++) {
      const answer = await post(agent, target, '/v1/events', 'application/json', bodies[number] ?? '');
      if (answer.split('"accepted"').length !== BATCH_SIZE + 1)
        throw new Error(`not all accepted: ${answer.slice(0, 300)}`);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  const answeredSeconds = (performance.now() - startedAt) / 1_000;
  await waitForRows(database, rowsBefore + EVENTS_PER_RUN);
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    events: EVENTS_PER_RUN,
    seconds,
    eventsPerSecond: Math.round(EVENTS_PER_RUN / seconds),
    answeredPerSecond: Math.round(EVENTS_PER_RUN / answeredSeconds),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function serverVersions(database: Client, redisUrl: string): Promise<string> {
  const redis = new Redis(redisUrl);
  try {
    const info = await redis.info('server');
    const { rows } = await database.query<{ server_version: string }>('show server_version');
    return `PostgreSQL ${rows[0]?.server_version.split(' ')[0]}, Redis ${/^redis_version:(\S+)/m.exec(info)?.[1]}`;
  } finally {
    redis.disconnect();
  }
}

/** Batches of 100 over HTTP through the real stack, until they are rows and rollups in PostgreSQL. */
export async function benchIngest(say: (line: string) => void): Promise<IngestReport> {
  const stack = await startRealStack({ worker: true });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const database = new Client({ connectionString: stack.databaseUrl });
  try {
    await database.connect();
    const administrator = { apiUrl: stack.apiUrl, key: stack.adminKey };
    await post(agent, administrator, '/v1/catalogue', 'application/yaml', CATALOGUE);
    const target = { apiUrl: stack.apiUrl, key: await createIngestKey(agent, administrator) };
    const probeBefore = await probeMachine(stack.redisUrl);
    await measureRun(0, target, agent, database);
    const runs: IngestRun[] = [];
    for (let run = 1; run <= RUNS; run += 1) {
      const figures = await measureRun(run, target, agent, database);
      say(
        `run ${run} of ${RUNS}: ${figures.eventsPerSecond} events/s to rows, ${figures.answeredPerSecond} answered/s`,
      );
      runs.push(figures);
    }
    return {
      batchSize: BATCH_SIZE,
      connections: CONNECTIONS,
      runs,
      medianEventsPerSecond: median(runs.map(({ eventsPerSecond }) => eventsPerSecond)),
      medianAnsweredPerSecond: median(runs.map(({ answeredPerSecond }) => answeredPerSecond)),
      probeBefore,
      probeAfter: await probeMachine(stack.redisUrl),
      versions: await serverVersions(database, stack.redisUrl),
    };
  } finally {
    agent.destroy();
    await database.end();
    await stack.stop();
  }
}
