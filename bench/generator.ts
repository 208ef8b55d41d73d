/**
 * The load generator: a process of its own, started by `load.ts`, that is told over the channel of its parent what to send.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

import { type Answer, HttpConnection } from './http-connection.ts';
import type { LoadJob, LoadResult, ToGenerator } from './load.ts';
import { type PreparedRequest, prepareRequest, refreshRequest } from './requests.ts';
import { startTicks, type Ticks } from './ticks.ts';

/** Different requests per connection, so that tenants and values differ. */
const REQUESTS_PER_CONNECTION = 8;
const MICROS_PER_MS = 1_000;
const MS_PER_SECOND = 1_000;
const LATENCY_MICROS_MAX = 600_000_000;
/**
 * Open-loop requests are sent at ticks, those that have become due since the last one together, as requests of clients that know nothing
 * of each other come in small crowds too. A generator that wakes for each request keeps half a processor busy with waking up (80 µs a
 * request at 5,000/s, 36 with ticks; 2026-11-21), which the service then lacks.
 */
const TICK_MS = 0.5;
const ACCEPTED = '"accepted"';

interface Lane {
  readonly connection: HttpConnection;
  readonly requests: readonly PreparedRequest[];
  next: number;
}

/** One load from its first request to its last answer. */
class Load {
  readonly #job: LoadJob;
  readonly #latency: RecordableHistogram = createHistogram({ lowest: 1, highest: LATENCY_MICROS_MAX, figures: 3 });
  readonly #idle: Lane[] = [];
  readonly #lanes: Lane[];
  readonly #finish: (result: LoadResult) => void;
  #startedAt = performance.now();
  readonly #ticks: Ticks | undefined;
  #answeredAt = this.#startedAt;
  #sent = 0;
  #answered = 0;
  #failed = 0;
  #firstFailure: string | null = null;
  /** Length of a body that was looked through and had everything accepted. */
  #goodLength = -1;
  #committedEvents = 0;

  constructor(job: LoadJob, finish: (result: LoadResult) => void) {
    this.#job = job;
    this.#finish = finish;
    this.#lanes = Array.from({ length: job.connections }, (_, number) => ({
      connection: new HttpConnection(job, (error) => this.#fail(String(error))),
      requests: Array.from({ length: REQUESTS_PER_CONNECTION }, (_request, index) =>
        prepareRequest(job.requests, number * REQUESTS_PER_CONNECTION + index),
      ),
      next: 0,
    }));
    this.#idle.push(...this.#lanes);
    if (job.pace.kind === 'rate') this.#ticks = startTicks(TICK_MS, () => this.#release());
    else this.#release();
  }

  /** Window mode: so many events of this load are in the ledger. */
  committed(events: number): void {
    this.#committedEvents = events;
    this.#release();
    this.#endWhenDone();
  }

  get #isOver(): boolean {
    const { seconds, requestsMax = Infinity } = this.#job;
    return this.#sent >= requestsMax || performance.now() - this.#startedAt >= seconds * MS_PER_SECOND;
  }

  #release(): void {
    const { pace, requests } = this.#job;
    if (pace.kind === 'rate') return this.#sendDue(pace.requestsPerSecond);
    const perRequest = requests.kind === 'events' ? requests.eventsPerRequest : 1;
    while (this.#idle.length > 0 && !this.#isOver) {
      const ahead = (this.#sent + 1) * perRequest - this.#committedEvents;
      if (pace.kind === 'window' && ahead > pace.events) return;
      this.#send(performance.now());
    }
  }

  /** Open loop: each request has its tick, and its latency counts from there, whatever keeps it from being sent. */
  #sendDue(requestsPerSecond: number): void {
    const total = this.#requestsAt(requestsPerSecond);
    // The first tick is the start: the thread that ticks has to come up first.
    if (this.#sent === 0) this.#startedAt = performance.now();
    while (this.#sent < total && this.#idle.length > 0) {
      const dueMs = (this.#sent / requestsPerSecond) * MS_PER_SECOND;
      const tickAt = this.#startedAt + Math.ceil(dueMs / TICK_MS) * TICK_MS;
      if (tickAt > performance.now()) return;
      this.#send(tickAt);
    }
  }

  #requestsAt(requestsPerSecond: number): number {
    return Math.floor(this.#job.seconds * requestsPerSecond);
  }

  #send(countedFrom: number): void {
    const lane = this.#idle.pop();
    if (lane === undefined) return;
    const request = lane.requests[lane.next % lane.requests.length];
    if (request === undefined) return;
    lane.next += 1;
    refreshRequest(request, this.#sent, Date.now());
    this.#sent += 1;
    lane.connection.send(request.bytes, (answer) => {
      const now = performance.now();
      this.#latency.record(Math.max(1, Math.round((now - countedFrom) * MICROS_PER_MS)));
      this.#answered += 1;
      this.#answeredAt = now;
      this.#check(answer);
      this.#idle.push(lane);
      this.#release();
      this.#endWhenDone();
    });
  }

  #check({ status, body }: Answer): void {
    if (status === 200 && body.length === this.#goodLength) return;
    if (status === 200 && this.#isGood(body)) {
      this.#goodLength = body.length;
      return;
    }
    this.#failed += 1;
    this.#firstFailure ??= `${status}: ${body.toString('utf8', 0, 500)}`;
  }

  #isGood(body: Buffer): boolean {
    const { requests } = this.#job;
    const text = body.toString('latin1');
    if (requests.kind === 'check') return text.includes('"allowed":true');
    if (requests.kind === 'read') return /"data":\[\{|"totalMinor":/.test(text);
    return text.split(ACCEPTED).length === requests.eventsPerRequest + 1;
  }

  #fail(text: string): void {
    this.#failed += 1;
    this.#firstFailure ??= text;
    this.#end();
  }

  #endWhenDone(): void {
    const { pace } = this.#job;
    const isAllSent = pace.kind === 'rate' ? this.#sent >= this.#requestsAt(pace.requestsPerSecond) : this.#isOver;
    if (isAllSent && this.#answered === this.#sent) this.#end();
  }

  #end(): void {
    this.#ticks?.stop();
    for (const { connection } of this.#lanes) connection.close();
    const micros = (share: number): number => this.#latency.percentile(share);
    this.#finish({
      requests: this.#answered,
      failed: this.#failed,
      firstFailure: this.#firstFailure,
      seconds: (this.#answeredAt - this.#startedAt) / MS_PER_SECOND,
      latencyMicros: { p50: micros(50), p99: micros(99), p999: micros(99.9), max: this.#latency.max },
    });
  }
}

let load: Load | undefined;
process.on('message', (message: ToGenerator) => {
  if (message.kind === 'committed') load?.committed(message.events);
  else {
    load = new Load(message.job, (result) => {
      load = undefined;
      process.send?.(result);
    });
  }
});
process.once('disconnect', () => process.exit(0));
