import { setTimeout as pause } from 'node:timers/promises';

import { auditCounters } from '../../src/audit/audit-counters.ts';
import type { CounterDifference } from '../../src/audit/compare.ts';
import type { AuthenticatedKey } from '../../src/catalog/api-keys.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { checkLimits } from '../../src/ingest/check-limits.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { moveCycle, openCycle } from '../../src/ledger/billing-cycles.ts';
import { recordSealFence, sealPeriod } from '../../src/ledger/seal-period.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { advanceCatalogue, advanceGate } from '../../src/meter/advance-gate.ts';
import { gateKey, idsKey, shardKey, shardOf, usageKey } from '../../src/meter/keys.ts';
import { MeterUnavailableError } from '../../src/meter/meter-errors.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { forgetEpoch, verifiedEpoch } from '../../src/meter/verify-incarnation.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';
import { INSTANTS, type ModelLimit, NOW, PERIODS, type Sketch } from './promise-model.ts';

export const SHARDS = 2;
/** Of one database: a catalogue that has seen more tenants is slower to read. */
const RUNS_PER_DATABASE = 100;
const RETRIES_MAX = 600;
const RETRY_PAUSE_MS = 20;
const DRAIN_TIMEOUT_MS = 20_000;

const BASE_YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: units, eventType: work, aggregation: sum, unit: unit, dimensions: [project] }
  - { key: requests, eventType: work, aggregation: count, unit: request, dimensions: [project] }
  - { key: tokens, eventType: work, aggregation: sum, value: { property: tokens }, scale: 2, unit: token, dimensions: [project] }
  - { key: peak, eventType: work, aggregation: max, unit: unit }
  - { key: level, eventType: work, aggregation: latest, unit: unit }
  - { key: users, eventType: work, aggregation: unique, value: { property: user }, unit: user }
plans:
  - { key: basic, currency: USD, charges: [] }
tenants: []
`;

/** What was said of a batch, and after how many requests. `undefined`: nobody heard the answer. */
export interface Told {
  readonly outcomes: readonly Outcome[] | undefined;
  readonly attempts: number;
}

/** Two processes on the same real stores, with a Redis that may be killed. Made once, used by many runs. */
export class PromiseWorld {
  readonly redis: OwnTestRedis;
  #processes: readonly [IngestStack, IngestStack] | undefined;
  #secret = '';
  #runs = 0;

  constructor(redis: OwnTestRedis) {
    this.redis = redis;
  }

  static async open(): Promise<PromiseWorld> {
    return new PromiseWorld(await createTestRedis({ own: true }));
  }

  /** New tenants; now and then new processes and a new database. */
  async startRun(): Promise<PromiseRun> {
    if (this.#runs % RUNS_PER_DATABASE === 0) await this.#startProcesses();
    this.#runs += 1;
    const processes = this.#processes;
    if (processes === undefined) throw new Error('the world is closed');
    const run = new PromiseRun({ processes, redis: this.redis, secret: this.#secret, number: this.#runs });
    await run.begin();
    return run;
  }

  async #startProcesses(): Promise<void> {
    await this.#stopProcesses();
    const options = { now: NOW, yaml: BASE_YAML, redisUrl: this.redis.redisUrl, shardCount: SHARDS } as const;
    const first = await createIngestStack(options);
    await first.redis.flushall();
    const second = await createIngestStack({ ...options, databaseUrl: first.databaseUrl });
    this.#processes = [first, second];
    this.#secret = await first.createKey('write', ['ingest', 'read']);
  }

  async #stopProcesses(): Promise<void> {
    const [first, second] = this.#processes ?? [];
    this.#processes = undefined;
    await second?.close();
    await first?.close();
  }

  async close(): Promise<void> {
    await this.#stopProcesses();
    await this.redis.drop();
  }
}

/** A fault that passes: the stores are asked again, as every caller of Tollkeeper does. */
async function untilAvailable<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === RETRIES_MAX || !isPassing(error)) throw error;
      await pause(RETRY_PAUSE_MS);
    }
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof MeterUnavailableError ||
  (error instanceof Error && /Connection is closed|ECONNREFUSED|ECONNRESET|LOADING|max retries/.test(error.message));

/** One run: two tenants of its own on the world's stores. */
export class PromiseRun {
  readonly processes: readonly [IngestStack, IngestStack];
  readonly names: readonly [string, string];
  readonly redis: OwnTestRedis;
  readonly #secret: string;
  readonly #number: number;
  #newestIncident = 0;
  /** A counter was deleted: it is void only when an event meets it. */
  #isCounterGone = false;

  constructor(parts: {
    readonly processes: readonly [IngestStack, IngestStack];
    readonly redis: OwnTestRedis;
    readonly secret: string;
    readonly number: number;
  }) {
    this.processes = parts.processes;
    this.redis = parts.redis;
    this.#secret = parts.secret;
    this.#number = parts.number;
    this.names = [`run${parts.number}a`, `run${parts.number}b`];
  }

  async begin(): Promise<void> {
    const { rows } = await this.#pool.query<{ id: number }>('select coalesce(max(id), 0)::float8 as id from incident');
    this.#newestIncident = rows[0]?.id ?? 0;
    const plan = `plans: [{ key: plan${this.#number}, currency: USD, charges: [] }]`;
    await this.#apply(0, `${plan}\ntenants:\n${this.names.map((name) => this.#tenantYaml(name, [])).join('\n')}`);
  }

  get #pool(): IngestStack['pool'] {
    return this.processes[0].pool;
  }

  shardOf(tenant: 0 | 1): number {
    return shardOf(this.names[tenant], SHARDS);
  }

  #tenantYaml(name: string, limits: readonly ModelLimit[]): string {
    const own = limits.map(({ meter, mode, dimension, limit }) => {
      const by = dimension === null ? '' : `, dimension: ${dimension}`;
      return `{ meter: ${meter}, mode: ${mode}, limit: ${limit}${by} }`;
    });
    return `  - { id: ${name}, currency: USD, billingStart: "${PERIODS[0]}", periodLength: week, plan: plan${this.#number}, planVersion: 1, limits: [${own.join(', ')}] }`;
  }

  /** As the API does: the ledger first, then every shard is told. The other process finds out by itself. */
  async #apply(process: 0 | 1, yaml: string): Promise<void> {
    const { catalogue, meter } = this.processes[process];
    await this.processes[process].apply(yaml);
    await untilAvailable(() => advanceCatalogue(meter, catalogue.current().version));
  }

  limit(process: 0 | 1, tenant: 0 | 1, limits: readonly ModelLimit[]): Promise<void> {
    return this.#apply(process, `tenants:\n${this.#tenantYaml(this.names[tenant], limits)}`);
  }

  addExtraMeter(process: 0 | 1): Promise<void> {
    return this.#apply(process, `meters: [{ key: ${this.#extra}, aggregation: sum, unit: unit }]`);
  }

  /** Holds from December on: nothing that a run sends is of it. */
  addPlanVersion(process: 0 | 1, limit: number): Promise<void> {
    const limits = `limits: [{ meter: units, mode: hard, limit: ${limit} }]`;
    return this.#apply(process, `plans: [{ key: plan${this.#number}, currency: USD, charges: [], ${limits} }]`);
  }

  get #extra(): string {
    return `extra${this.#number}`;
  }

  /** Sends a batch until it is answered, always with the same ids. */
  async send(process: 0 | 1, batch: readonly { tenant: 0 | 1; sketch: Sketch }[]): Promise<Told> {
    const events = batch.map(({ tenant, sketch }) => this.#event(this.names[tenant], sketch));
    for (let attempt = 1; attempt <= RETRIES_MAX; attempt += 1) {
      const outcomes = await this.#ask(process, events);
      if (outcomes !== undefined) return { outcomes, attempts: attempt };
      await pause(RETRY_PAUSE_MS);
    }
    throw new Error('the service did not come back');
  }

  /** Sends a batch once; the script runs, and its answer is lost on the way. */
  async sendUnheard(process: 0 | 1, batch: readonly { tenant: 0 | 1; sketch: Sketch }[]): Promise<Told> {
    const events = batch.map(({ tenant, sketch }) => this.#event(this.names[tenant], sketch));
    const { meter } = this.processes[process];
    const scripts = meter.redis as { recordUsage: (typeof meter.redis)['recordUsage'] };
    const { recordUsage } = scripts;
    let isApplied = false;
    scripts.recordUsage = async (...call) => {
      const reply = await recordUsage.apply(meter.redis, call);
      if (reply[0] !== 'applied') return reply;
      isApplied = true;
      throw new Error('Connection is closed.');
    };
    try {
      for (let attempt = 1; attempt <= RETRIES_MAX; attempt += 1) {
        const outcomes = await this.#ask(process, events);
        if (outcomes !== undefined || isApplied) return { outcomes, attempts: 1 };
        await pause(RETRY_PAUSE_MS);
      }
      throw new Error('the service did not come back');
    } finally {
      scripts.recordUsage = recordUsage;
    }
  }

  #event(tenant: string, { id, type, at, quantity, quarters, project }: Sketch): object {
    const place = project === null ? {} : { project };
    const tokens = type === 'work' ? { tokens: String(quarters / 4), user: `user-${quantity % 3}` } : {};
    const sentType = type === 'extra' ? this.#extra : type === 'other' ? 'of-no-meter' : type;
    return { id, tenant, type: sentType, quantity, occurredAt: INSTANTS[at], properties: { ...tokens, ...place } };
  }

  async #ask(process: 0 | 1, events: readonly object[]): Promise<readonly Outcome[] | undefined> {
    const { status, body } = await takeEvents(this.processes[process].service, ingestRequest(this.#secret, events));
    if (status === 503) return undefined;
    if (!('results' in body)) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
    return body.results.map(({ outcome }) => outcome);
  }

  /** What `POST /v1/check` says is used of each limit, in quarters. */
  async usedByCheck(process: 0 | 1, tenant: 0 | 1, limits: readonly ModelLimit[], project: string | null) {
    await this.#mendCounters(process);
    const { service } = this.processes[process];
    const key = (await service.keys.authenticate(this.#secret)) as AuthenticatedKey;
    const meters = [...new Set(limits.map(({ meter }) => meter))];
    const properties = project === null ? null : { project };
    const answer = await untilAvailable(() =>
      checkLimits(service, { key, tenant: this.names[tenant], meters, quantity: '0', properties }),
    );
    if ('refusal' in answer) throw new Error(answer.refusal.message);
    return answer.limits.map(({ meter, dimension, used }) => `${meter}/${dimension ?? ''} ${used}`);
  }

  async drain(process: 0 | 1): Promise<void> {
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const context = this.processes[process].drainContext(shard);
      await untilAvailable(() => drainAll(context, { timeoutMs: DRAIN_TIMEOUT_MS }));
    }
  }

  async rebuild(process: 0 | 1, tenant: 0 | 1): Promise<void> {
    const { meter } = this.processes[process];
    await untilAvailable(() => rebuildTenant(meter, this.names[tenant], { evenWhenValid: true }));
  }

  /** As the cycle does it: the ledger first, then the gate, then the fence that was read behind it. */
  async seal(process: 0 | 1, tenant: 0 | 1, period: 0 | 1): Promise<void> {
    const { pool, meter } = this.processes[process];
    const [name, periodStart, at] = [this.names[tenant], PERIODS[period], requireInstant(NOW)];
    const cycle = { tenant: name, periodStart, revision: 0 };
    const order = { tenant: name, periodStart: requireInstant(periodStart) };
    const seal = await inTransaction(pool, async (client) => {
      await openCycle(client, { ...cycle, workflowId: `close-${name}-${periodStart}` }, at);
      await moveCycle(client, cycle, 'sealing', at);
      return sealPeriod(client, order);
    });
    const gate = { version: seal.gateVersion, sealedMicros: seal.sealedThroughMicros };
    const fence = await untilAvailable(() => advanceGate(meter, name, gate));
    await inTransaction(pool, async (client) => {
      await recordSealFence(client, { ...order, fence });
      await moveCycle(client, cycle, 'reconciling', at);
    });
  }

  async kill(): Promise<void> {
    await this.redis.kill();
    await this.redis.restart();
  }

  async empty(): Promise<void> {
    await this.processes[0].redis.flushall();
  }

  async deleteKey(kind: 'counters' | 'gate' | 'shard' | 'ids', tenant: 0 | 1): Promise<void> {
    const { redis } = this.processes[0];
    const [shard, name] = [this.shardOf(tenant), this.names[tenant]];
    const keys = {
      counters: PERIODS.map((period) => usageKey(shard, name, period)),
      gate: [gateKey(shard, name)],
      shard: [shardKey(shard)],
      ids: [0, 1, 2].map((bucket) => idsKey(shard, bucket)),
    }[kind];
    await redis.del(...keys);
    if (kind === 'counters') this.#isCounterGone = true;
  }

  async #mendCounters(process: 0 | 1): Promise<void> {
    if (!this.#isCounterGone) return;
    for (const tenant of [0, 1] as const) await this.rebuild(process, tenant);
    this.#isCounterGone = false;
  }

  /** Places where counter, journal and ledger do not agree. */
  async differences(process: 0 | 1): Promise<readonly object[]> {
    await this.#mendCounters(process);
    const { pool, meter } = this.processes[process];
    const found: CounterDifference[] = [];
    for (const tenant of this.names) {
      const audited = await untilAvailable(async () => {
        const deps = { pool, meter, clock: () => requireInstant(NOW) };
        const ofTenant: CounterDifference[] = [];
        for await (const page of auditCounters(deps, { tenant })) ofTenant.push(...page.differences);
        return ofTenant;
      });
      found.push(...audited);
    }
    return found;
  }

  /** What is in the ledger, as text that can be compared. */
  async rows(tenant: 0 | 1): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.#pool.query<{ name: string; content: string }>(
      `
select event_id || '@' || to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as name,
  concat_ws(' ', quantity, coalesce(properties ->> 'tokens', '-'), coalesce(properties ->> 'project', '-'),
    to_char(usage_period, 'YYYY-MM-DD'), to_char(accounting_period, 'YYYY-MM-DD')) as content
from usage_event where tenant = $1::text`,
      [this.names[tenant]],
    );
    if (new Set(rows.map(({ name }) => name)).size !== rows.length) throw new Error('an event is in the ledger twice');
    return new Map(rows.map(({ name, content }) => [name, content]));
  }

  /** What an invoice of the accounting period would be made of: `<meter> <usage period>` → quantity. */
  async billed(tenant: 0 | 1, accountingPeriod: string): Promise<ReadonlyMap<string, string>> {
    const sums = await sumUsage(this.#pool, {
      tenant: this.names[tenant],
      accountingPeriod: requireInstant(accountingPeriod),
    });
    return new Map(
      sums.map(({ meter, usagePeriodMicros, quantity }) => {
        const name = meter === this.#extra ? 'extra' : meter;
        return [`${name} ${new Date(usagePeriodMicros / 1_000).toISOString().slice(0, 10)}`, quantity];
      }),
    );
  }

  /** How many positions of a shard the incidents of this run name, every process having looked at Redis once more. */
  async namedLosses(shard: number): Promise<number> {
    for (const { meter } of this.processes) {
      forgetEpoch(meter, shard);
      await untilAvailable(() => verifiedEpoch(meter, shard));
    }
    const { rows } = await this.#pool.query<{ epoch: string; first: string; last: string }>(
      `
select coalesce(details ->> 'epoch', split_part(details ->> 'firstMissing', '-', 1)) as epoch,
  coalesce(details ->> 'firstSequence', split_part(details ->> 'firstMissing', '-', 2)) as first,
  coalesce(details ->> 'lastSequence', split_part(details ->> 'lastMissing', '-', 2)) as last
from incident where id > $1::bigint and shard = $2::smallint and kind in ('journal_loss', 'journal_gap')`,
      [this.#newestIncident, shard],
    );
    const named = new Set<string>();
    for (const { epoch, first, last } of rows) {
      for (let sequence = Number(first); sequence <= Number(last); sequence += 1) named.add(`${epoch}-${sequence}`);
    }
    return named.size;
  }
}
