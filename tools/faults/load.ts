import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadEvent, LoadSize } from './load-plan.ts';

/** Where a load is sent: attempts go round the addresses. */
export interface LoadTarget {
  readonly apiUrls: readonly string[];
  readonly key: string;
}

/** What became of the events of a load, by the answers alone. */
export interface LoadResult {
  /** Events that were answered `accepted`, or `duplicate` after an attempt without an answer: they must be in the ledger once. */
  readonly acknowledged: ReadonlyMap<string, LoadEvent>;
  /** Events that were refused for good, with the outcome: they must not be in the ledger. */
  readonly refused: ReadonlyMap<string, string>;
  /** Events that no attempt got an answer for: they may be in the ledger, once. */
  readonly unanswered: ReadonlySet<string>;
  /** Events that were answered `accepted` more than once: right only where Redis lost what it knew. */
  readonly acceptedAgain: number;
  /** Requests that were answered 503. */
  readonly unavailable: number;
  /** Requests that ended without an answer: refused connections, closed ones, and those given up. */
  readonly cutOff: number;
  /** The longest wait for an answer of any status, or until its sender gave up, ms. */
  readonly longestWaitMs: number;
  /** Requests whose sender gave up waiting. */
  readonly givenUp: number;
  /** Answers that promise nothing to a sender (neither 200 nor 503), each text once. */
  readonly surprises: readonly string[];
}

/** How long a sender waits for an answer before it sends again. Longer than an answer may take, so that a slow one shows. */
const GIVE_UP_MS = 15_000;
/** How long a batch is sent again before it counts as unanswered. */
const BATCH_DEADLINE_MS = 120_000;
const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 200;
const SURPRISE_CHARACTERS_MAX = 300;

/** The name of an event in the books: ids are a tenant's own. */
export function nameOf(event: Pick<LoadEvent, 'tenant' | 'id'>): string {
  return `${event.tenant}/${event.id}`;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface EventsBody {
  readonly results?: readonly { readonly outcome: string; readonly reason?: string }[];
}

class GivenUpError extends Error {
  override readonly name = 'GivenUpError';
}

/** Sends batches with many senders at once until each has an answer, and remembers every answer. */
export class Load {
  readonly #target: LoadTarget;
  readonly #batches: readonly (readonly LoadEvent[])[];
  readonly #size: Pick<LoadSize, 'senders' | 'lastsMs'>;
  readonly #startedAt = performance.now();
  readonly #agent: Agent;
  readonly #acknowledged = new Map<string, LoadEvent>();
  readonly #accepted = new Set<string>();
  readonly #refused = new Map<string, string>();
  readonly #unanswered = new Set<string>();
  readonly #answerTimes: number[] = [];
  readonly #waiting: { readonly batches: number; readonly resolve: () => void }[] = [];
  readonly #surprises = new Set<string>();
  #next = 0;
  #attempts = 0;
  #finished = 0;
  #isDone = false;
  #isAbandoned = false;
  #acceptedAgain = 0;
  #unavailable = 0;
  #cutOff = 0;
  #givenUp = 0;
  #longestWaitMs = 0;

  constructor(
    target: LoadTarget,
    batches: readonly (readonly LoadEvent[])[],
    size: Pick<LoadSize, 'senders' | 'lastsMs'>,
  ) {
    this.#target = target;
    this.#batches = batches;
    this.#size = size;
    this.#agent = new Agent({ keepAlive: true, maxSockets: size.senders });
  }

  /** Whether every batch has its answer. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Resolves when this share (0 to 1) of the batches has an answer. */
  reached(share: number): Promise<void> {
    const batches = Math.min(this.#batches.length, Math.ceil(share * this.#batches.length));
    if (this.#finished >= batches) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ batches, resolve }));
  }

  /** Resolves when so many requests were answered 503, or the load is done. */
  async untilUnavailable(requests: number): Promise<void> {
    const wanted = this.#unavailable + requests;
    while (!this.#isDone && this.#unavailable < wanted) await delay(PAUSE_FIRST_MS);
  }

  /** When the first batch after an instant was processed, on the clock of `performance.now()`. */
  firstAnswerAfter(sinceMs: number): number | undefined {
    return this.#answerTimes.find((time) => time >= sinceMs);
  }

  /** Sends nothing more, not even what has no answer yet: for a world that is coming down. */
  abandon(): void {
    this.#next = this.#batches.length;
    this.#isAbandoned = true;
  }

  /** Sends everything. @throws Error when an answer makes no sense at all */
  async run(): Promise<LoadResult> {
    try {
      await Promise.all(Array.from({ length: this.#size.senders }, () => this.#sendMany()));
    } finally {
      this.#isDone = true;
      this.#agent.destroy();
      for (const { resolve } of this.#waiting) resolve();
    }
    return {
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      unanswered: this.#unanswered,
      acceptedAgain: this.#acceptedAgain,
      unavailable: this.#unavailable,
      cutOff: this.#cutOff,
      givenUp: this.#givenUp,
      longestWaitMs: Math.round(this.#longestWaitMs),
      surprises: [...this.#surprises],
    };
  }

  async #sendMany(): Promise<void> {
    for (let number = this.#next++; number < this.#batches.length; number = this.#next++) {
      const dueAt = this.#startedAt + ((this.#size.lastsMs ?? 0) * number) / this.#batches.length;
      if (dueAt > performance.now()) await delay(dueAt - performance.now());
      await this.#sendUntilAnswered(this.#batches[number] ?? []);
      this.#finished += 1;
      for (const { batches, resolve } of this.#waiting) if (this.#finished >= batches) resolve();
    }
  }

  async #sendUntilAnswered(batch: readonly LoadEvent[]): Promise<void> {
    const body = JSON.stringify(batch);
    const deadline = performance.now() + BATCH_DEADLINE_MS;
    for (
      let pauseMs = PAUSE_FIRST_MS;
      !this.#isAbandoned && performance.now() < deadline;
      pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)
    ) {
      const answer = await this.#attempt(body);
      if (answer?.status === 200) return this.#remember(batch, answer.text);
      if (answer !== undefined && answer.status !== 503) {
        this.#surprises.add(`${answer.status}: ${answer.text.slice(0, SURPRISE_CHARACTERS_MAX)}`);
      }
      await delay(pauseMs);
    }
    for (const event of batch) this.#unanswered.add(nameOf(event));
  }

  async #attempt(body: string): Promise<Answer | undefined> {
    const { apiUrls } = this.#target;
    const url = apiUrls[this.#attempts++ % apiUrls.length] ?? '';
    const startedAt = performance.now();
    try {
      const answer = await this.#post(url, body);
      if (answer.status === 200) this.#answerTimes.push(performance.now());
      if (answer.status === 503) this.#unavailable += 1;
      this.#longestWaitMs = Math.max(this.#longestWaitMs, performance.now() - startedAt);
      return answer;
    } catch (error) {
      this.#cutOff += 1;
      if (error instanceof GivenUpError) {
        this.#givenUp += 1;
        this.#longestWaitMs = Math.max(this.#longestWaitMs, performance.now() - startedAt);
      }
      return undefined;
    }
  }

  #post(apiUrl: string, body: string): Promise<Answer> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#target.key}` };
    return new Promise((resolve, reject) => {
      const outgoing = request(`${apiUrl}/v1/events`, { method: 'POST', agent: this.#agent, headers }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (text += chunk));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        incoming.on('error', reject);
      });
      outgoing.setTimeout(GIVE_UP_MS, () => outgoing.destroy(new GivenUpError('no answer in time')));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  #remember(batch: readonly LoadEvent[], text: string): void {
    const { results = [] } = JSON.parse(text) as EventsBody;
    if (results.length !== batch.length)
      throw new Error(`${results.length} answers to ${batch.length} events: ${text}`);
    batch.forEach((event, place) => this.#rememberOne(event, results[place]?.outcome ?? ''));
  }

  #rememberOne(event: LoadEvent, outcome: string): void {
    const name = nameOf(event);
    if (outcome === 'accepted' && this.#accepted.has(name)) this.#acceptedAgain += 1;
    if (outcome === 'accepted') this.#accepted.add(name);
    if (outcome === 'accepted' || outcome === 'duplicate') {
      this.#acknowledged.set(name, event);
      // Where an event is sent several times, the limit may have had room for a later attempt than the first.
      this.#refused.delete(name);
    } else if (!this.#acknowledged.has(name)) this.#refused.set(name, outcome);
  }
}
