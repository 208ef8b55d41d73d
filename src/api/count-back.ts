import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { canonicalJson } from '../domain/canonical.ts';
import { requireInstant, type EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import { hourStart } from '../domain/period.ts';
import { readMeters, type Reading } from '../ingest/read-meters.ts';
import {
  type CountedBackRow,
  type EventPlace,
  readUncounted,
  recordCountedBack,
  tenantsWithEvents,
  type UncountedEvent,
  type UncountedQuery,
} from '../ledger/count-back.ts';
import { inTransaction } from '../ledger/database.ts';
import { lockGate } from '../ledger/gate.ts';
import { shardOf } from '../meter/keys.ts';
import { rebuildTenant } from '../meter/rebuild-tenant.ts';
import type { ApiDeps } from './api-deps.ts';

/** What counting back works with. */
export type CountBackDeps = Pick<ApiDeps, 'pool' | 'meter' | 'catalogue' | 'clock' | 'announceCatalogue'>;

/** Which meter counts which accepted events: those of `tenants` from an instant on. */
export interface CountBackRequest {
  readonly snapshot: CatalogueSnapshot;
  /** Its only version. */
  readonly meter: Meter;
  readonly toMicros: EpochMicros;
  readonly tenants: readonly TenantEntry[];
  /** Where the request before ended. */
  readonly after?: CountBackPlace;
  /** Events of one transaction, and pages of the request, where it shall be less than usual. */
  readonly pageEventsMax?: number;
  readonly pagesMax?: number;
}

/** What was counted back. */
export interface CountBackResult {
  /** Events that the meter has read now. */
  readonly counted: number;
  /** Events whose filter matches and whose value cannot be read: as new ones they would be `invalid`. */
  readonly unreadable: number;
  /** Where to go on; `null`: all is counted. */
  readonly next: CountBackPlace | null;
}

/** The last event that was looked at. */
export interface CountBackPlace extends EventPlace {
  readonly tenant: string;
}

/** Events of one transaction: nothing of their tenant is taken meanwhile, half a second on two busy cores. */
const PAGE_EVENTS_MAX = 2_000;
/** Pages of one request, so that it ends within a minute. */
const PAGES_MAX = 60;

/**
 * Lets a meter read events that were accepted before it was there, in periods that are not sealed. Each page is one transaction
 * within a rebuild of the tenant's counters: the gate is closed, the journal drained, the page counted, and the counters are
 * installed from the ledger. So a crash at any point leaves counters and ledger equal, and asking again goes on.
 */
export async function countBack(deps: CountBackDeps, request: CountBackRequest): Promise<CountBackResult> {
  const { meter } = deps;
  // From here on Redis refuses what was interpreted without the meter; what it has taken is drained.
  await deps.announceCatalogue(request.snapshot.version);
  for (const shard of new Set(request.tenants.map(({ tenant }) => shardOf(tenant.id, meter.shardCount)))) {
    await meter.ledger.drainShard(shard);
  }
  const users = await tenantsWithEvents(deps.pool, request.meter.eventType, startOf(request));
  const sum = { counted: 0, unreadable: 0 };
  let pages = 0;
  for (const entry of tenantsFrom(request).filter(({ tenant }) => users.has(tenant.id))) {
    const { id } = entry.tenant;
    let after: EventPlace | undefined = request.after?.tenant === id ? request.after : undefined;
    for (let isLast = false; !isLast; pages += 1) {
      if (pages >= (request.pagesMax ?? PAGES_MAX) && after !== undefined) {
        return { ...sum, next: { ...after, tenant: id } };
      }
      const page = await countPage(deps, request, entry, after);
      sum.counted += page.counted;
      sum.unreadable += page.unreadable;
      after = page.last ?? after;
      isLast = page.last === undefined;
    }
  }
  return { ...sum, next: null };
}

function tenantsFrom({ tenants, after }: CountBackRequest): readonly TenantEntry[] {
  if (after === undefined) return tenants;
  const place = tenants.findIndex(({ tenant }) => tenant.id === after.tenant);
  return place < 0 ? tenants : tenants.slice(place);
}

/** A meter reads nothing of before it begins. */
function startOf({ meter, toMicros }: CountBackRequest): EpochMicros {
  return meter.from === undefined ? toMicros : Math.max(toMicros, requireInstant(meter.from));
}

function queryOf(
  request: CountBackRequest,
  { tenant, gate }: TenantEntry,
  after: EventPlace | undefined,
): Omit<UncountedQuery, 'limit'> {
  const { meter } = request;
  return {
    tenant: tenant.id,
    meter: meter.key,
    eventType: meter.eventType,
    fromMicros: startOf(request),
    sealedThroughMicros: gate.sealedThroughMicros,
    after,
  };
}

interface CountedPage {
  readonly counted: number;
  readonly unreadable: number;
  readonly last: EventPlace | undefined;
}

async function countPage(
  { pool, meter, clock }: CountBackDeps,
  request: CountBackRequest,
  entry: TenantEntry,
  after: EventPlace | undefined,
): Promise<CountedPage> {
  const query = { ...queryOf(request, entry, after), limit: request.pageEventsMax ?? PAGE_EVENTS_MAX };
  const seen = readPage(request, entry, await readUncounted(pool, query));
  // Nothing to count: the tenant need not wait.
  if (seen.rows.length === 0) return { counted: 0, unreadable: seen.unreadable, last: seen.last };
  let done: CountedPage | undefined;
  const count = async (tenant: string): Promise<CountedPage> =>
    inTransaction(pool, async (client) => {
      // A seal waits until this is committed, and what is sealed already is left alone.
      const gate = await lockGate(client, tenant);
      const sealedThroughMicros = gate?.sealedThroughMicros ?? query.sealedThroughMicros;
      const page = readPage(request, entry, await readUncounted(client, { ...query, sealedThroughMicros }));
      const { key, version } = request.meter;
      await recordCountedBack(client, { key, version, tenant, at: clock() }, page.rows);
      return { counted: page.rows.length, unreadable: page.unreadable, last: page.last };
    });
  const ledger = {
    ...meter.ledger,
    readTenantState: async (tenant: string) => {
      done ??= await count(tenant);
      return meter.ledger.readTenantState(tenant);
    },
  };
  await rebuildTenant({ ...meter, ledger }, entry.tenant.id, { evenWhenValid: true });
  return done ?? { counted: 0, unreadable: 0, last: undefined };
}

interface ReadPage {
  readonly rows: readonly CountedBackRow[];
  readonly unreadable: number;
  readonly last: EventPlace | undefined;
}

function readPage(request: CountBackRequest, entry: TenantEntry, events: readonly UncountedEvent[]): ReadPage {
  const rows: CountedBackRow[] = [];
  let unreadable = 0;
  for (const event of events) {
    const read = readEvent(request, event);
    if (read === 'unreadable') unreadable += 1;
    else if (read !== undefined) rows.push(rowOf(entry, request.meter, event, read));
  }
  return { rows, unreadable, last: events.at(-1) };
}

/** `undefined`: the meter's filter does not match. */
function readEvent({ meter, snapshot }: CountBackRequest, event: UncountedEvent): Reading | 'unreadable' | undefined {
  const { quantity, properties } = event;
  const paths = { quantityPath: 'quantity', propertiesPath: 'properties' };
  const read = readMeters([meter], { quantity, properties, ...paths }, snapshot.digestSecret);
  return 'fault' in read ? 'unreadable' : read.readings[0];
}

function rowOf({ tenant }: TenantEntry, meter: Meter, event: UncountedEvent, reading: Reading): CountedBackRow {
  const { valueText, scaled, dimensions } = reading;
  const isUnique = meter.aggregation === 'unique';
  const { idDigest, ...known } = event;
  return {
    ...known,
    tenant: tenant.id,
    digests: idDigest,
    digestsStart: 0,
    type: meter.eventType,
    properties: null,
    readingsJson: canonicalJson({ [meter.key]: dimensions === undefined ? valueText : [valueText, dimensions] }),
    timeZone: tenant.timeZone,
    hourMicros: hourStart(tenant.timeZone, event.occurredAtMicros),
    contributions: [
      {
        meter: meter.key,
        aggregation: meter.aggregation,
        scale: meter.scale,
        scaled,
        valueDigestHex: isUnique ? valueText : null,
        dimensionsJson: dimensions === undefined ? '{}' : canonicalJson(dimensions),
      },
    ],
  };
}
