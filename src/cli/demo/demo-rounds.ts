import { setTimeout as delay } from 'node:timers/promises';

import type { CycleView, EventInput, InvoiceView, TollkeeperClient } from '../../client/index.ts';
import { CliError, EXIT_FAILED } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { checkInvoice } from './check-invoice.ts';
import { DemoBook } from './demo-book.ts';
import type { DemoCatalogue, DemoTenant } from './demo-catalogue.ts';
import { sendingProgress } from './demo-output.ts';
import { expectedInvoice } from './demo-pricing.ts';
import type { RetryCount, SendingLog } from './demo-sender.ts';
import { emptySendingLog, sendNoted } from './demo-sender.ts';

export const PERIOD_MS = 60_000;
const POLL_MS = 500;
/** How long after the end of its late window a period's invoice may take, on a slow machine. */
const INVOICE_PATIENCE_MS = 120_000;

/** What a run works with. */
export interface DemoStage {
  readonly io: CliIo;
  /** Reads and applies, with the admin key. */
  readonly client: TollkeeperClient;
  /** Sends the events, with an ordinary key. */
  readonly sender: TollkeeperClient;
  readonly retries: RetryCount;
  readonly catalogue: DemoCatalogue;
  /** Start of period 0, epoch milliseconds. */
  readonly billingStartMs: number;
  readonly lateWindowMs: number;
  readonly clock: () => number;
  /** Ends every wait when the whole is being stopped. */
  readonly signal: AbortSignal;
}

/** One run of the demo: sends events, keeps its own list of them, and holds every invoice against that list. */
export class DemoRounds {
  readonly stage: DemoStage;
  readonly book: DemoBook;
  readonly log: SendingLog = emptySendingLog();

  constructor(stage: DemoStage) {
    this.stage = stage;
    this.book = new DemoBook(stage.catalogue.meters, stage.catalogue.tenants);
  }

  periodStartMs(period: number): number {
    return this.stage.billingStartMs + period * PERIOD_MS;
  }

  /** The period's start as it stands in keys and ids: without a fraction. */
  periodStartText(period: number): string {
    return `${new Date(this.periodStartMs(period)).toISOString().slice(0, -5)}Z`;
  }

  /** When the period takes no more events. */
  sealMs(period: number): number {
    return this.periodStartMs(period + 1) + this.stage.lateWindowMs;
  }

  async waitUntil(epochMs: number, what: string): Promise<void> {
    const waitMs = epochMs - this.stage.clock();
    if (waitMs <= 0) return;
    this.stage.io.note(`${what} (${Math.ceil(waitMs / 1_000)} s)\n`);
    await delay(waitMs, undefined, { signal: this.stage.signal });
  }

  /** Sends events of an unsealed period. @throws CliError when the machine was too slow for the story the demo tells */
  async sendOpen(events: readonly EventInput[], period: number): Promise<void> {
    await this.#send(events, (event) => this.book.note(event, period));
    this.#mustBeBefore(this.sealMs(period), `the events of period ${this.periodStartText(period)}`);
  }

  /** Sends events of a sealed period, which the period after it bills as late usage. */
  async sendAfterSeal(events: readonly EventInput[], usagePeriod: number, billedWith: number): Promise<void> {
    await this.#send(events, (event) => this.book.noteLate(event, usagePeriod, billedWith));
    this.#mustBeBefore(this.sealMs(billedWith), `the late events of period ${this.periodStartText(usagePeriod)}`);
  }

  #mustBeBefore(epochMs: number, what: string): void {
    if (this.stage.clock() < epochMs) return;
    throw new CliError(`this machine took too long to send ${what}: run the demo again`, EXIT_FAILED);
  }

  async #send(events: readonly EventInput[], expect: (event: EventInput) => string): Promise<void> {
    const progress = sendingProgress(this.stage.io, events.length);
    try {
      const noted = events.map((event) => ({ event, expected: expect(event) }));
      await sendNoted(this.stage.sender, this.stage.retries, noted, this.log, (answered) => progress.show(answered));
    } finally {
      progress.end();
    }
  }

  /** Asks again and again until there is an answer. @throws CliError when a period's time is over */
  async #poll<T>(period: number, what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const deadlineMs = this.sealMs(period) + INVOICE_PATIENCE_MS;
    while (this.stage.clock() < deadlineMs) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await delay(POLL_MS, undefined, { signal: this.stage.signal });
    }
    throw new CliError(
      `${what} did not come within ${INVOICE_PATIENCE_MS / 1_000} s: look at its cycle in the Temporal UI`,
      EXIT_FAILED,
    );
  }

  /** Waits for the invoice of a period. */
  awaitInvoice(tenant: DemoTenant, period: number): Promise<InvoiceView> {
    const occasion = this.periodStartText(period);
    return this.#poll(period, `the invoice of ${tenant.id} for ${occasion}`, async () => {
      const { data } = await this.stage.client.listInvoices({ tenant: tenant.id, limit: 50 });
      const found = data.find(({ identity, number }) => identity.occasion === occasion && number !== null);
      return found === undefined ? undefined : this.stage.client.getInvoice(found.id);
    });
  }

  /** The cycle of a period, `undefined` before it began. */
  async cycle(tenant: DemoTenant, period: number): Promise<CycleView | undefined> {
    const periodStart = this.periodStartText(period);
    const { data } = await this.stage.client.listCycles(tenant.id);
    return data.find((cycle) => cycle.periodStart === periodStart);
  }

  /** Waits until the cycle of a period is held for drift. @throws CliError when its invoice is issued instead */
  awaitHold(tenant: DemoTenant, period: number): Promise<CycleView> {
    return this.#poll(period, `the hold of ${tenant.id} for ${this.periodStartText(period)}`, async () => {
      const cycle = await this.cycle(tenant, period);
      if (cycle?.stage === 'held' && cycle.incidents.some(({ kind }) => kind === 'drift')) return cycle;
      if (cycle === undefined || cycle.invoiceNumber === null) return undefined;
      throw new CliError(`the corrupted counter of ${tenant.id} was NOT caught: its invoice was issued`, EXIT_FAILED);
    });
  }

  /** What differs between an invoice and the list of sent events; empty when every figure agrees. */
  differences(tenant: DemoTenant, period: number, invoice: InvoiceView): string[] {
    const usage = this.book.usage(tenant.id, period);
    const expected = expectedInvoice(tenant, usage, this.book.lateUsage(tenant.id, period));
    const meterOf = Object.fromEntries((tenant.plan.charges ?? []).map(({ key, meter }) => [key, meter]));
    return checkInvoice(invoice, expected, usage, meterOf);
  }

  /** Outcomes that the list of sent events does not explain. */
  outcomeDifferences(): string[] {
    return this.log.differences.map(
      ({ id, expected, got, reason }) =>
        `event ${id}: ${got}${reason === '' ? '' : ` (${reason})`}, must be ${expected}`,
    );
  }
}
