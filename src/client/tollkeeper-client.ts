import type { EventResult } from '../domain/outcome.ts';
import type { ClientOptions } from './api-caller.ts';
import { ApiCaller } from './api-caller.ts';
import type * as Api from './api-types.ts';
import type * as Credits from './credit-types.ts';
import type { EventInput } from './event-batches.ts';
import type { SendOptions } from './send-events.ts';
import { sendEvents } from './send-events.ts';
import type * as Pricing from './pricing-types.ts';
import type * as Reservations from './reservation-types.ts';
import type * as Timeline from './timeline-types.ts';
import type { SpendView } from './spend-types.ts';
import type * as Verify from './verify-types.ts';

/** Members of a query; `undefined` ones are left out. */
type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Pages of a list that are read at most by `allPages`. */
export const PAGES_MAX = 1_000;

/** A path whose variable parts are escaped: `path`/v1/tenants/${id}/usage``. */
function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1] ?? '') + part);
}

function withQuery(route: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? route : `${route}?${search.toString()}`;
}

/**
 * The Tollkeeper API, one method per route. Needs nothing but `fetch`. Every request is retried within bounds as `ApiCaller` says:
 * events with the ids they had, other changes under one `Idempotency-Key`. All methods throw `TollkeeperError`.
 */
export class TollkeeperClient {
  readonly #caller: ApiCaller;

  constructor(options: ClientOptions) {
    this.#caller = new ApiCaller(options);
  }

  /** The service's address. */
  get url(): string {
    return this.#caller.url;
  }

  /** Sends events in order and answers one result each; see `sendEvents` of `send-events.ts`. */
  sendEvents(events: readonly EventInput[], options: SendOptions = {}): Promise<EventResult[]> {
    return sendEvents(this.#caller, events, options);
  }

  /** Asks before the work whether a tenant may use so much more; takes nothing. */
  check({ tenant, meter, quantity, properties }: Api.CheckInput): Promise<Api.CheckView> {
    const meters = typeof meter === 'string' ? { meter } : { meters: meter };
    return this.#caller.json({
      method: 'POST',
      path: '/v1/check',
      body: JSON.stringify({ tenant, ...meters, quantity, properties }),
    });
  }

  /**
   * Holds units before work whose size is known only afterwards. `allowed` says whether a limit let it; then `reservation` is what
   * `commit` and `release` take. The same `id` is safe to send again.
   */
  reserve(reservation: Reservations.ReservationInput): Promise<Reservations.ReservationAnswer> {
    return this.#caller.json({ method: 'POST', path: '/v1/reservations', body: JSON.stringify(reservation) });
  }

  /** Counts what the work came to and gives the rest back. A repeated commit is a `duplicate`. @param reservation `rsv_…` */
  commit(reservation: string, commitment: Reservations.CommitInput = {}): Promise<Reservations.CommitView> {
    return this.#caller.json({
      method: 'POST',
      path: path`/v1/reservations/${reservation}/commit`,
      body: JSON.stringify(commitment),
    });
  }

  /** Gives back what is held: no use took place. @param reservation `rsv_…` */
  release(reservation: string): Promise<Reservations.ReservationView> {
    return this.#caller.json({ method: 'POST', path: path`/v1/reservations/${reservation}/release` });
  }

  /** A reservation as it stands. @param reservation `rsv_…` */
  getReservation(reservation: string): Promise<Reservations.ReservationView> {
    return this.#get(path`/v1/reservations/${reservation}`);
  }

  listEvents(query: Api.EventsQuery): Promise<Api.Page<Api.LedgerEventView>> {
    return this.#get('/v1/events', { ...query });
  }

  listTenants(query: Api.PageQuery = {}): Promise<Api.Page<Api.TenantView>> {
    return this.#get('/v1/tenants', { ...query });
  }

  getTenant(tenant: string): Promise<Api.TenantView> {
    return this.#get(path`/v1/tenants/${tenant}`);
  }

  getUsage(tenant: string, query: Api.UsageQuery = {}): Promise<Api.UsageView> {
    return this.#get(path`/v1/tenants/${tenant}/usage`, { ...query });
  }

  /** What the open period has come to, by charge and meter, and what it leads to. */
  getSpend(tenant: string): Promise<SpendView> {
    return this.#get(path`/v1/tenants/${tenant}/spend`);
  }

  /** What was turned away, by hour of arrival, meter and reason. */
  listRefusals(tenant: string, query: Api.RefusalsQuery = {}): Promise<Api.Page<Api.RefusalView>> {
    return this.#get(path`/v1/tenants/${tenant}/refusals`, { ...query });
  }

  /** Thresholds that usage has reached, those found last first. */
  listAlerts(query: Api.AlertsQuery = {}): Promise<Api.Page<Api.AlertView>> {
    return this.#get('/v1/alerts', { ...query });
  }

  /** What could not be written to the ledger, the newest first; by default what is open. */
  listDeadLetters(query: Api.DeadLettersQuery = {}): Promise<Api.Page<Api.DeadLetterView>> {
    return this.#get('/v1/dead-letters', { ...query });
  }

  /** One with what it holds. @param id `dl_…` */
  getDeadLetter(id: string): Promise<Api.DeadLetterView & { readonly content: string }> {
    return this.#get(path`/v1/dead-letters/${id}`);
  }

  /** Reads it again after a fix and puts its events into the ledger. */
  replayDeadLetter(id: string, reason: string): Promise<Api.SettledLetterView> {
    return this.#change('POST', path`/v1/dead-letters/${id}/replay`, { reason });
  }

  /** Decides that it is never billed. */
  discardDeadLetter(id: string, reason: string): Promise<Api.SettledLetterView> {
    return this.#change('POST', path`/v1/dead-letters/${id}/discard`, { reason });
  }

  listCycles(tenant: string, query: Api.PageQuery = {}): Promise<Api.Page<Api.CycleView>> {
    return this.#get(path`/v1/tenants/${tenant}/cycles`, { ...query });
  }

  pauseTenant(tenant: string): Promise<unknown> {
    return this.#change('POST', path`/v1/tenants/${tenant}/pause`);
  }

  /** Brings a tenant under another plan version from an instant on, or with `dryRun` answers what that would mean. */
  changePlan(tenant: string, { dryRun, ...change }: Timeline.PlanChangeInput): Promise<Timeline.PlanChangeView> {
    return this.#change('POST', withQuery(path`/v1/tenants/${tenant}/plan`, { dryRun: dryRun || undefined }), change);
  }

  /** Changes how many of a fixed quantity of its plan a tenant holds, from an instant on. */
  setQuantity(tenant: string, name: string, change: Timeline.QuantityInput): Promise<Timeline.QuantityChangeView> {
    return this.#change('POST', path`/v1/tenants/${tenant}/quantities/${name}`, change);
  }

  /** Moves a page of tenants to a newer version of their plan, or with `dryRun` shows who would pay what. Ask again while there is a `nextCursor`. */
  migratePlan(plan: string, { dryRun, ...page }: Timeline.MigrationInput): Promise<Timeline.MigrationPage> {
    return this.#change('POST', withQuery(path`/v1/plans/${plan}/migrate`, { dryRun: dryRun || undefined }), page);
  }

  resumeTenant(tenant: string): Promise<unknown> {
    return this.#change('POST', path`/v1/tenants/${tenant}/resume`);
  }

  flushNow(tenant: string): Promise<unknown> {
    return this.#change('POST', path`/v1/tenants/${tenant}/flush-now`);
  }

  /** Ends the late window of a cycle at once. @param periodStart RFC 3339 */
  closeNow(tenant: string, periodStart: string): Promise<unknown> {
    return this.#change('POST', path`/v1/cycles/${tenant}/${periodStart}/close-now`);
  }

  /** Lets a held cycle go on. */
  approve(tenant: string, periodStart: string, reason: string): Promise<unknown> {
    return this.#change('POST', path`/v1/cycles/${tenant}/${periodStart}/approve`, { reason });
  }

  /** Ends a held cycle without an invoice. */
  reject(tenant: string, periodStart: string, reason: string): Promise<unknown> {
    return this.#change('POST', path`/v1/cycles/${tenant}/${periodStart}/reject`, { reason });
  }

  listInvoices(query: Api.InvoicesQuery = {}): Promise<Api.Page<Api.InvoiceSummaryView>> {
    return this.#get('/v1/invoices', { ...query });
  }

  /** @param idOrNumber `inv_…` or `INV-000001` */
  getInvoice(idOrNumber: string): Promise<Api.InvoiceView> {
    return this.#get(path`/v1/invoices/${idOrNumber}`);
  }

  /** The invoice in its aligned text form. */
  getInvoiceText(idOrNumber: string): Promise<string> {
    return this.#caller.text({ method: 'GET', path: path`/v1/invoices/${idOrNumber}`, accept: 'text/plain' });
  }

  markPaid(idOrNumber: string, reason: string): Promise<unknown> {
    return this.#change('POST', path`/v1/invoices/${idOrNumber}/mark-paid`, { reason });
  }

  /** Gives a tenant credit, which pays the invoices that are billed to it. */
  giveCredit(tenant: string, credit: Credits.CreditInput): Promise<Credits.CreditView> {
    return this.#change('POST', path`/v1/tenants/${tenant}/credits`, credit);
  }

  /** A tenant's credits, the oldest first, also those that are used up. */
  listCredits(tenant: string, query: Api.PageQuery = {}): Promise<Credits.CreditPage> {
    return this.#get(path`/v1/tenants/${tenant}/credits`, { ...query });
  }

  /** Takes back what is left of a credit. @param id `crd_…` */
  withdrawCredit(tenant: string, id: string, reason: string): Promise<Credits.CreditView> {
    return this.#change('POST', path`/v1/tenants/${tenant}/credits/${id}/withdraw`, { reason });
  }

  /** Charges a tenant once, on its next bill. */
  chargeOnce(tenant: string, charge: Credits.OneOffInput): Promise<Credits.OneOffView> {
    return this.#change('POST', path`/v1/tenants/${tenant}/one-offs`, charge);
  }

  /** Charges that were made once, in order of time. */
  listOneOffs(tenant: string, query: Api.PageQuery = {}): Promise<Api.Page<Credits.OneOffView>> {
    return this.#get(path`/v1/tenants/${tenant}/one-offs`, { ...query });
  }

  /** Gives a tenant a coupon of the catalogue. @param from when it begins; now when absent */
  giveCoupon(tenant: string, coupon: string, from?: string): Promise<Credits.CouponApplicationView> {
    return this.#change('POST', path`/v1/tenants/${tenant}/coupons`, { coupon, from });
  }

  /** The coupons that a tenant was given, in order of their beginning. */
  listCoupons(tenant: string, query: Api.PageQuery = {}): Promise<Api.Page<Credits.CouponApplicationView>> {
    return this.#get(path`/v1/tenants/${tenant}/coupons`, { ...query });
  }

  /** Ends a tenant's coupon: bills of later periods do not have it. @param id `cpn_…` */
  endCoupon(tenant: string, id: string, reason: string): Promise<Credits.CouponApplicationView> {
    return this.#change('POST', path`/v1/tenants/${tenant}/coupons/${id}/end`, { reason });
  }

  /** Applies a catalogue file. @param yaml the file's text @param fileName named in the service's errors */
  applyCatalogue(yaml: string, options: { dryRun?: boolean; fileName?: string } = {}): Promise<Api.ApplyAnswer> {
    return this.#caller.json({
      method: 'POST',
      path: withQuery('/v1/catalogue', { dryRun: options.dryRun === true ? true : undefined, file: options.fileName }),
      body: yaml,
      contentType: 'application/yaml',
      idempotencyKey: crypto.randomUUID(),
    });
  }

  /** What usage, or a past period of a tenant, would be billed by a plan. Nothing is written. */
  simulate(question: Pricing.SimulateInput): Promise<Pricing.SimulatedBillView> {
    return this.#ask('/v1/pricing/simulate', question);
  }

  /** A page of tenants: what each was billed for a period, and what it would have been by a plan. Nothing is written. */
  comparePlan(question: Pricing.CompareInput): Promise<Pricing.ComparePage> {
    return this.#ask('/v1/pricing/compare', question);
  }

  /** Lets a new meter read the accepted events of open periods, back to an instant. Ask again while there is a `nextCursor`. */
  countBack(meter: string, range: { to: string; tenant?: string; cursor?: string }): Promise<Api.CountBackAnswer> {
    return this.#change('POST', path`/v1/meters/${meter}/count-back`, range);
  }

  createKey(key: Api.NewKey): Promise<Api.NewKeyView> {
    return this.#change('POST', '/v1/keys', key);
  }

  listKeys(query: Api.PageQuery = {}): Promise<Api.Page<Api.KeyView>> {
    return this.#get('/v1/keys', { ...query });
  }

  /** Makes a key for the same and lets the old one expire. @param overlapSeconds how long both work; a day when absent */
  rotateKey(id: string, options: { readonly overlapSeconds?: number | undefined } = {}): Promise<Api.RotatedKeyView> {
    return this.#change('POST', path`/v1/keys/${id}/rotate`, options);
  }

  revokeKey(id: string): Promise<unknown> {
    return this.#change('DELETE', path`/v1/keys/${id}`);
  }

  listIncidents(query: Verify.IncidentsQuery = {}): Promise<Api.Page<Verify.IncidentView>> {
    return this.#get('/v1/incidents', { ...query });
  }

  resolveIncident(id: string, reason: string): Promise<Verify.IncidentView> {
    return this.#change('POST', path`/v1/incidents/${id}/resolve`, { reason });
  }

  /** Compares counters with journal and ledger, of one tenant or all; the last line is `result`. */
  verifyCounters(options: { readonly tenant?: string | undefined } = {}): AsyncGenerator<Verify.CounterAuditLine> {
    return this.#lines('/v1/verify/counters', options) as AsyncGenerator<Verify.CounterAuditLine>;
  }

  /** Walks the hash chains of the ledger, of one shard or all; the last line is `result`. */
  verifyLedger(options: { readonly shard?: number | undefined } = {}): AsyncGenerator<Verify.LedgerWalkLine> {
    return this.#lines('/v1/verify/ledger', options) as AsyncGenerator<Verify.LedgerWalkLine>;
  }

  /** What each dependency of the service is doing; throws with status 503 while one is down. */
  getReadiness(): Promise<unknown> {
    return this.#get('/readyz');
  }

  #get<T>(route: string, query: Query = {}): Promise<T> {
    return this.#caller.json<T>({ method: 'GET', path: withQuery(route, query) });
  }

  /** A question with a body, which changes nothing. */
  #ask<T>(route: string, body: unknown): Promise<T> {
    return this.#caller.json<T>({ method: 'POST', path: route, body: JSON.stringify(body) });
  }

  #lines(route: string, body: unknown): AsyncGenerator {
    return this.#caller.lines({ method: 'POST', path: route, body: JSON.stringify(body) });
  }

  /** A change keeps its `Idempotency-Key` over all tries, so that an answer lost on the way never makes it happen twice. */
  #change<T>(method: 'POST' | 'DELETE', route: string, body?: unknown): Promise<T> {
    return this.#caller.json<T>({
      method,
      path: route,
      idempotencyKey: crypto.randomUUID(),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

/** Reads all pages of a list, at most `PAGES_MAX`. */
export async function* allPages<T>(read: (cursor: string | undefined) => Promise<Api.Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data, nextCursor } = await read(cursor);
    yield* data;
    if (nextCursor === null) return;
    cursor = nextCursor;
  }
}
