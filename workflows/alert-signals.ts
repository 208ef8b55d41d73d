import type { InstantText } from '../src/domain/instant.ts';

/** Periods whose alerts wait to be recorded at most; signals beyond are left to the checkpoint. */
const WAITING_MAX = 100;

/**
 * Turns signals of reached thresholds into calls of one activity: one call at a time, and one for all signals of a period that
 * came before it began, since it reads the usage as it is then.
 */
export class AlertSignals {
  readonly #record: (periodStart: InstantText) => Promise<void>;
  readonly #waiting = new Set<InstantText>();
  #recording: Promise<void> = Promise.resolve();
  #count = 0;

  /** @param record must not reject */
  constructor(record: (periodStart: InstantText) => Promise<void>) {
    this.#record = record;
  }

  /** How many calls have ended: the history has grown by each. */
  get count(): number {
    return this.#count;
  }

  /** Takes one signal; resolves when what it asked for is done. */
  async take(periodStart: InstantText): Promise<void> {
    if (this.#waiting.has(periodStart) || this.#waiting.size === WAITING_MAX) return;
    this.#waiting.add(periodStart);
    this.#recording = this.#recording.then(async () => {
      this.#waiting.delete(periodStart);
      await this.#record(periodStart);
      this.#count += 1;
    });
    await this.#recording;
  }
}
