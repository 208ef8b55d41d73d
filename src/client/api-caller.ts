import type { BackOff } from './back-off.ts';
import { withRetries } from './back-off.ts';
import type { Call, CallTarget } from './http-caller.ts';
import { callOnce } from './http-caller.ts';
import { callLines } from './line-caller.ts';
import { TollkeeperError } from './tollkeeper-error.ts';

/** Where the service is and how patient the client shall be. */
export interface ClientOptions {
  /** `http://127.0.0.1:4400` */
  readonly url: string;
  readonly apiKey?: string | undefined;
  /** Another `fetch`, for tests and proxies. */
  readonly fetch?: typeof fetch | undefined;
  /** How long one try of a request may take. */
  readonly timeoutMs?: number | undefined;
  /** Overrides of the back-off between tries. */
  readonly backOff?: Partial<BackOff> | undefined;
}

const TIMEOUT_MS = 30_000;

/** Seven waits of 0.2 s doubling to 10 s: a restart of the service is outlived, a long outage is not waited for. */
const PATIENCE: BackOff = {
  attemptsMax: 8,
  firstWaitMs: 200,
  waitMsMax: 10_000,
  random: Math.random,
  sleep: (waitMs) => new Promise((resolve) => setTimeout(resolve, waitMs)),
  onRetry: () => undefined,
};

/**
 * Sends requests to one service in one key's name. Those that got no answer, or were told to come back (408, 429, 502, 503, 504), are
 * sent again as they were, with bounded back-off; everything else is thrown at once.
 */
export class ApiCaller {
  /** Without a slash at the end. */
  readonly url: string;
  readonly #target: CallTarget;
  readonly #backOff: BackOff;

  /** @throws TollkeeperError with code `invalid_url` when the URL is none of http or https */
  constructor(options: ClientOptions) {
    if (!/^https?:\/\/[^/]/.test(options.url) || !URL.canParse(options.url)) {
      const message = `not a URL of the Tollkeeper API: ${JSON.stringify(options.url)}; write it as http://127.0.0.1:4400`;
      throw new TollkeeperError({ status: 0, code: 'invalid_url', message });
    }
    this.url = options.url.replace(/\/+$/, '');
    this.#target = {
      baseUrl: this.url,
      apiKey: options.apiKey,
      fetch: options.fetch ?? fetch,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    };
    this.#backOff = { ...PATIENCE, ...options.backOff };
  }

  /** A request whose answer is read as JSON; an empty answer is `undefined`. @throws TollkeeperError */
  async json<T>(call: Call): Promise<T> {
    const text = await this.text(call);
    if (text === '') return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      const message = `${this.url}${call.path} did not answer JSON; is it the Tollkeeper API?`;
      throw new TollkeeperError({ status: 200, code: 'unreadable_answer', message }, undefined, error);
    }
  }

  /** A request whose answer comes line by line. It is sent once. @throws TollkeeperError */
  lines(call: Call): AsyncGenerator<Readonly<Record<string, unknown>>> {
    return callLines(this.#target, call);
  }

  /** A request whose answer is taken as text. @throws TollkeeperError */
  text(call: Call): Promise<string> {
    return withRetries(this.#backOff, () => callOnce(this.#target, call));
  }
}
