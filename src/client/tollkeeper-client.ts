import type { EventResult } from '../domain/outcome.ts';
import type { ApplyAnswer, CountBackAnswer, TenantView } from './catalogue-types.ts';
import type { CheckInput, CheckView } from './check-types.ts';
import type {
  DeadLetterView,
  DeadLettersQuery,
  EventsQuery,
  LedgerEventView,
  SettledLetterView,
} from './event-types.ts';
import type { CycleView, InvoiceSummaryView, InvoiceView, InvoicesQuery } from './invoice-types.ts';
import type { KeyView, NewKey, NewKeyView, RotatedKeyView } from './key-types.ts';
import type { Page, PageQuery } from './page-types.ts';
import type { AlertView, AlertsQuery, RefusalView, RefusalsQuery, UsageQuery, UsageView } from './usage-types.ts';
import type { EventInput } from './event-batches.ts';
import type { SendOptions } from './send-events.ts';
import { sendEvents } from './send-events.ts';
import { PricingClient } from './pricing-client.ts';
import { path, withQuery } from './requesting-client.ts';
import type * as Reservations from './reservation-types.ts';
import type { SpendView } from './spend-types.ts';
import type * as Verify from './verify-types.ts';

/** Pages of a list that are read at most by `allPages`. */
export const PAGES_MAX = 1_000;

/**
 * The Tollkeeper API, one method per route. Needs nothing but `fetch`. Every request is retried within bounds as `ApiCaller` says:
 * events with the ids they had, other changes under one `Idempotency-Key`. All methods throw `TollkeeperError`.
 */
export class TollkeeperClient extends PricingClient {
  /** Sends events in order and answers one result each; see `sendEvents` of `send-events.ts`. */
  sendEvents(events: readonly EventInput[], options: SendOptions = {}): Promise<EventResult[]> {
    return sendEvents(this.caller, events, options);
  }

  /** Asks before the work whether a tenant may use so much more; takes nothing. */
  check({ tenant, meter, quantity, properties, cost }: CheckInput): Promise<CheckView> {
    const meters = typeof meter === 'string' ? { meter } : { meters: meter };
    return this.caller.json({
      method: 'POST',
      path: withQuery('/v1/check', { cost: cost === true ? true : undefined }),
      body: JSON.stringify({ tenant, ...meters, quantity, properties }),
    });
  }

  /**
   * Holds units before work whose size is known only afterwards. `allowed` says whether a limit let it; then `reservation` is what
   * `commit` and `release` take. The same `id` is safe to send again.
   */
  reserve(reservation: Reservations.ReservationInput): Promise<Reservations.ReservationAnswer> {
    return this.caller.json({ method: 'POST', path: '/v1/reservations', body: JSON.stringify(reservation) });
  }

  /** Counts what the work came to and gives the rest back. A repeated commit is a `duplicate`. @param reservation `rsv_…` */
  commit(reservation: string, commitment: Reservations.CommitInput = {}): Promise<Reservations.CommitView> {
    return this.caller.json({
      method: 'POST',
      path: path`/v1/reservations/${reservation}/commit`,
      body: JSON.stringify(commitment),
    });
  }

  /** Gives back what is held: no use took place. @param reservation `rsv_…` */
  release(reservation: string): Promise<Reservations.ReservationView> {
    return this.caller.json({ method: 'POST', path: path`/v1/reservations/${reservation}/release` });
  }

  /** A reservation as it stands. @param reservation `rsv_…` */
  getReservation(reservation: string): Promise<Reservations.ReservationView> {
    return this.get(path`/v1/reservations/${reservation}`);
  }

  listEvents(query: EventsQuery): Promise<Page<LedgerEventView>> {
    return this.get('/v1/events', { ...query });
  }

  listTenants(query: PageQuery = {}): Promise<Page<TenantView>> {
    return this.get('/v1/tenants', { ...query });
  }

  getTenant(tenant: string): Promise<TenantView> {
    return this.get(path`/v1/tenants/${tenant}`);
  }

  getUsage(tenant: string, query: UsageQuery = {}): Promise<UsageView> {
    return this.get(path`/v1/tenants/${tenant}/usage`, { ...query });
  }

  /** What the open period has come to, by charge and meter, and what it leads to. */
  getSpend(tenant: string): Promise<SpendView> {
    return this.get(path`/v1/tenants/${tenant}/spend`);
  }

  /** What was turned away, by hour of arrival, meter and reason. */
  listRefusals(tenant: string, query: RefusalsQuery = {}): Promise<Page<RefusalView>> {
    return this.get(path`/v1/tenants/${tenant}/refusals`, { ...query });
  }

  /** Thresholds that usage has reached, those found last first. */
  listAlerts(query: AlertsQuery = {}): Promise<Page<AlertView>> {
    return this.get('/v1/alerts', { ...query });
  }

  /** What could not be written to the ledger, the newest first; by default what is open. */
  listDeadLetters(query: DeadLettersQuery = {}): Promise<Page<DeadLetterView>> {
    return this.get('/v1/dead-letters', { ...query });
  }

  /** One with what it holds. @param id `dl_…` */
  getDeadLetter(id: string): Promise<DeadLetterView & { readonly content: string }> {
    return this.get(path`/v1/dead-letters/${id}`);
  }

  /** Reads it again after a fix and puts its events into the ledger. */
  replayDeadLetter(id: string, reason: string): Promise<SettledLetterView> {
    return this.change('POST', path`/v1/dead-letters/${id}/replay`, { reason });
  }

  /** Decides that it is never billed. */
  discardDeadLetter(id: string, reason: string): Promise<SettledLetterView> {
    return this.change('POST', path`/v1/dead-letters/${id}/discard`, { reason });
  }

  listCycles(tenant: string, query: PageQuery = {}): Promise<Page<CycleView>> {
    return this.get(path`/v1/tenants/${tenant}/cycles`, { ...query });
  }

  pauseTenant(tenant: string): Promise<unknown> {
    return this.change('POST', path`/v1/tenants/${tenant}/pause`);
  }

  resumeTenant(tenant: string): Promise<unknown> {
    return this.change('POST', path`/v1/tenants/${tenant}/resume`);
  }

  flushNow(tenant: string): Promise<unknown> {
    return this.change('POST', path`/v1/tenants/${tenant}/flush-now`);
  }

  /** Ends the late window of a cycle at once. @param periodStart RFC 3339 */
  closeNow(tenant: string, periodStart: string): Promise<unknown> {
    return this.change('POST', path`/v1/cycles/${tenant}/${periodStart}/close-now`);
  }

  /** Lets a held cycle go on. */
  approve(tenant: string, periodStart: string, reason: string): Promise<unknown> {
    return this.change('POST', path`/v1/cycles/${tenant}/${periodStart}/approve`, { reason });
  }

  /** Ends a held cycle without an invoice. */
  reject(tenant: string, periodStart: string, reason: string): Promise<unknown> {
    return this.change('POST', path`/v1/cycles/${tenant}/${periodStart}/reject`, { reason });
  }

  listInvoices(query: InvoicesQuery = {}): Promise<Page<InvoiceSummaryView>> {
    return this.get('/v1/invoices', { ...query });
  }

  /** @param idOrNumber `inv_…` or `INV-000001` */
  getInvoice(idOrNumber: string): Promise<InvoiceView> {
    return this.get(path`/v1/invoices/${idOrNumber}`);
  }

  /** The invoice in its aligned text form. */
  getInvoiceText(idOrNumber: string): Promise<string> {
    return this.caller.text({ method: 'GET', path: path`/v1/invoices/${idOrNumber}`, accept: 'text/plain' });
  }

  markPaid(idOrNumber: string, reason: string): Promise<unknown> {
    return this.change('POST', path`/v1/invoices/${idOrNumber}/mark-paid`, { reason });
  }

  /** Applies a catalogue file. @param yaml the file's text @param fileName named in the service's errors */
  applyCatalogue(yaml: string, options: { dryRun?: boolean; fileName?: string } = {}): Promise<ApplyAnswer> {
    return this.caller.json({
      method: 'POST',
      path: withQuery('/v1/catalogue', { dryRun: options.dryRun === true ? true : undefined, file: options.fileName }),
      body: yaml,
      contentType: 'application/yaml',
      idempotencyKey: crypto.randomUUID(),
    });
  }

  /** Lets a new meter read the accepted events of open periods, back to an instant. Ask again while there is a `nextCursor`. */
  countBack(meter: string, range: { to: string; tenant?: string; cursor?: string }): Promise<CountBackAnswer> {
    return this.change('POST', path`/v1/meters/${meter}/count-back`, range);
  }

  createKey(key: NewKey): Promise<NewKeyView> {
    return this.change('POST', '/v1/keys', key);
  }

  listKeys(query: PageQuery = {}): Promise<Page<KeyView>> {
    return this.get('/v1/keys', { ...query });
  }

  /** Makes a key for the same and lets the old one expire. @param overlapSeconds how long both work; a day when absent */
  rotateKey(id: string, options: { readonly overlapSeconds?: number | undefined } = {}): Promise<RotatedKeyView> {
    return this.change('POST', path`/v1/keys/${id}/rotate`, options);
  }

  revokeKey(id: string): Promise<unknown> {
    return this.change('DELETE', path`/v1/keys/${id}`);
  }

  listIncidents(query: Verify.IncidentsQuery = {}): Promise<Page<Verify.IncidentView>> {
    return this.get('/v1/incidents', { ...query });
  }

  resolveIncident(id: string, reason: string): Promise<Verify.IncidentView> {
    return this.change('POST', path`/v1/incidents/${id}/resolve`, { reason });
  }

  /** Compares counters with journal and ledger, of one tenant or all; the last line is `result`. */
  verifyCounters(options: { readonly tenant?: string | undefined } = {}): AsyncGenerator<Verify.CounterAuditLine> {
    return this.lines('/v1/verify/counters', options) as AsyncGenerator<Verify.CounterAuditLine>;
  }

  /** Walks the hash chains of the ledger, of one shard or all; the last line is `result`. */
  verifyLedger(options: { readonly shard?: number | undefined } = {}): AsyncGenerator<Verify.LedgerWalkLine> {
    return this.lines('/v1/verify/ledger', options) as AsyncGenerator<Verify.LedgerWalkLine>;
  }

  /** What each dependency of the service is doing; throws with status 503 while one is down. */
  getReadiness(): Promise<unknown> {
    return this.get('/readyz');
  }
}

/** Reads all pages of a list, at most `PAGES_MAX`. */
export async function* allPages<T>(read: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data, nextCursor } = await read(cursor);
    yield* data;
    if (nextCursor === null) return;
    cursor = nextCursor;
  }
}
