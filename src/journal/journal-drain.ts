import type { DrainContext, DrainResult } from './drain-context.ts';
import { drainBatch } from './drain-once.ts';
import { type JournalBatch, readBatch } from './journal-batch.ts';

/**
 * Drains one shard batch by batch, reading the next one while the database works on the present one: decoding and writing
 * take about the same time, so the two together cost hardly more than one. Give each shard one of its own.
 *
 * What was read ahead is only a guess. The transaction compares the position, and a guess that turned out wrong is dropped.
 */
export class JournalDrain {
  readonly #context: DrainContext;
  #ahead: Promise<JournalBatch | undefined> | undefined;

  constructor(context: DrainContext) {
    this.#context = context;
  }

  /** As `drainOnce`, with the same answer and errors. */
  async next(): Promise<DrainResult> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    // What is missing ahead says nothing: entries may have come since. `drainBatch` then reads from the position.
    const guess = await ahead?.catch(() => undefined);
    return drainBatch(this.#context, guess, (batch) => this.#readAhead(batch));
  }

  #readAhead(batch: JournalBatch): void {
    if (!batch.backlog) return;
    const reading = readBatch(this.#context, { epoch: batch.epoch, sequence: batch.lastSequence });
    // Awaited by the next call, which may come late or never: a failure must not look unhandled until then.
    reading.catch(() => undefined);
    this.#ahead = reading;
  }
}
