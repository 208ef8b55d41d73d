import { takeEvents } from '../src/ingest/take-events.ts';
import type { IngestService } from '../src/ingest/ingest-service.ts';
import { BATCH_CONNECTIONS, BATCH_EVENTS, type BenchContext } from './bench-context.ts';
import { CANNED_SECOND, cannedService } from './canned-service.ts';
import type { Findings, Measure } from './report.ts';
import { eventsBody } from './requests.ts';

/** What this command measures. */
export const TAKE_TITLE = 'take: what ingest itself costs the API per event, without servers and stores';

const ROUNDS = 100;
const ROUNDS_QUICK = 20;
const ROUNDS_WARM = 80;

interface Variant {
  readonly key: string;
  readonly name: string;
  readonly eventsPerRequest: number;
  readonly tenantsPerRequest: number;
  /** Requests that are in one turn of the event loop. */
  readonly together: number;
}

const VARIANTS: readonly Variant[] = [
  {
    key: 'one_tenant',
    name: '100 events of one tenant',
    eventsPerRequest: BATCH_EVENTS,
    tenantsPerRequest: 1,
    together: BATCH_CONNECTIONS,
  },
  {
    key: 'fifty_tenants',
    name: '100 events of 50 tenants',
    eventsPerRequest: BATCH_EVENTS,
    tenantsPerRequest: 50,
    together: BATCH_CONNECTIONS,
  },
  { key: 'single', name: 'one event', eventsPerRequest: 1, tenantsPerRequest: 1, together: 50 },
];

/** From the bytes of a body to the bytes of its answer: reading, checking, judging, grouping, packing, answering. */
export async function benchTake({ runs, quick, say }: BenchContext): Promise<Findings> {
  const service = cannedService();
  const measures: Measure[] = [];
  for (const variant of VARIANTS) {
    const bodies = bodiesOf(variant);
    await takeRounds(service, bodies, ROUNDS_WARM);
    const figures: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const rounds = quick ? ROUNDS_QUICK : ROUNDS;
      const micros = await takeRounds(service, bodies, rounds);
      figures.push(micros / (rounds * bodies.length * variant.eventsPerRequest));
    }
    say(`${variant.name}: ${figures.map((figure) => figure.toFixed(2)).join(', ')} µs/event`);
    measures.push({ key: `take.${variant.key}`, name: variant.name, unit: 'µs/event', runs: figures });
  }
  return {
    versions: '',
    settings: { runs, 'rounds a run': quick ? ROUNDS_QUICK : ROUNDS, 'batches at once': BATCH_CONNECTIONS },
    measures,
    processors: [],
    notes: [
      'Processor time of this process by process.cpuUsage(), collecting garbage included: from the bytes of a body to those of its answer, with a Redis that takes everything. What is missing of a request is HTTP and the driver of Redis.',
    ],
  };
}

function bodiesOf({ eventsPerRequest, tenantsPerRequest, together }: Variant): readonly Buffer[] {
  return Array.from({ length: together }, (_, index) => {
    const text = eventsBody({ eventsPerRequest, tenantsPerRequest, tenants: 100, idPrefix: 'take' }, index);
    const digits = String(index).padStart(9, '0');
    return Buffer.from(text.replaceAll('#########', digits).replaceAll(/@{19}/g, CANNED_SECOND), 'latin1');
  });
}

/** Takes all bodies together, so many times in turn. @returns processor time in microseconds */
async function takeRounds(service: IngestService, bodies: readonly Buffer[], rounds: number): Promise<number> {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await Promise.all(bodies.map((body) => takeOne(service, body)));
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

async function takeOne(service: IngestService, body: Buffer): Promise<void> {
  const answer = await takeEvents(service, {
    authorization: 'Bearer tk_test_bench',
    contentType: 'application/json',
    contentEncoding: undefined,
    contentLength: String(body.length),
    idempotencyKey: undefined,
    body,
  });
  const text = JSON.stringify(answer.body);
  if (answer.status !== 200 || !text.includes('"accepted"')) throw new Error(`the bench was answered ${text}`);
}
