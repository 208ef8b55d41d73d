import { checkCloudEvent } from '../src/ingest/check-cloud-event.ts';
import { checkEvent, type FormResult } from '../src/ingest/check-event.ts';
import { readEvents } from '../src/ingest/read-body.ts';
import { BATCH_EVENTS, type BenchContext } from './bench-context.ts';
import { tenantId } from './catalogue.ts';
import type { Findings, Measure } from './report.ts';

/** What this command measures. */
export const CHECKS_TITLE = 'checks: what reading and checking an event costs by the rules of ingest, without servers';

const ROUNDS = 3_000;
const ROUNDS_QUICK = 300;
const ROUNDS_WARM = 2_000;
const OCCURRED_AT = '2026-01-01T10:30:15.123456Z';
const DATA = { inputTokens: 1_234, outputTokens: 123, model: 'large' };

interface Case {
  readonly key: string;
  readonly name: string;
  readonly form: 'events' | 'cloudevents';
  readonly check: (value: unknown) => FormResult;
  readonly event: (index: number) => unknown;
}

function plainEvent(index: number, properties: unknown = DATA): unknown {
  return {
    id: `0abc-${String(index).padStart(9, '0')}-0001`,
    tenant: tenantId(0),
    type: 'llm.request',
    occurredAt: OCCURRED_AT,
    properties,
  };
}

const CASES: readonly Case[] = [
  { key: 'plain', name: 'event', form: 'events', check: checkEvent, event: (index) => plainEvent(index) },
  {
    key: 'nested',
    name: 'event with nested properties and text that is not ASCII',
    form: 'events',
    check: checkEvent,
    event: (index) => plainEvent(index, { ...DATA, place: { city: 'Zürich', tags: ['größer', '日本'] } }),
  },
  {
    key: 'cloudevent',
    name: 'CloudEvent',
    form: 'cloudevents',
    check: checkCloudEvent,
    event: (index) => ({
      specversion: '1.0',
      id: `0abc-${String(index).padStart(9, '0')}-0001`,
      source: '/bench',
      subject: tenantId(0),
      type: 'llm.request',
      time: OCCURRED_AT,
      data: DATA,
    }),
  },
];

/** Three steps, each measured alone: what any service does (`JSON.parse`), reading a body by the rules, checking each event. */
export function benchChecks({ runs, quick, say }: BenchContext): Promise<Findings> {
  const rounds = quick ? ROUNDS_QUICK : ROUNDS;
  const measures = CASES.flatMap((one) => measureCase(one, runs, rounds));
  say(`${measures.length} figures`);
  return Promise.resolve({
    versions: '',
    settings: { runs, 'bodies a run': rounds, 'events a body': BATCH_EVENTS },
    measures,
    processors: [],
    notes: [
      'Processor time of this process by process.cpuUsage(). Checking is what the rules of ingest cost on top of parsing: form, names, sizes, depth, instants, quantities, and the canonical text of the properties, which the content digest needs.',
    ],
  });
}

function measureCase(one: Case, runs: number, rounds: number): Measure[] {
  const events = Array.from({ length: BATCH_EVENTS }, (_, index) => one.event(index));
  const body = Buffer.from(JSON.stringify(events), 'utf8');
  const steps: readonly (readonly [string, string, () => void])[] = [
    ['parse', 'JSON.parse alone', () => void JSON.parse(body.toString('utf8'))],
    ['read', 'reading the body', () => void readEvents(body, one.form)],
    ['check', 'checking it', () => checkAll(one, events)],
  ];
  return steps.map(([key, name, step]) => {
    processorMicros(step, ROUNDS_WARM);
    const figures = Array.from({ length: runs }, () => processorMicros(step, rounds));
    return { key: `checks.${one.key}.${key}`, name: `${one.name}: ${name}`, unit: 'µs/event', runs: figures };
  });
}

function checkAll({ check }: Case, events: readonly unknown[]): void {
  for (const event of events) {
    if (check(event).kind !== 'sound') throw new Error(`an event of the bench is refused: ${JSON.stringify(event)}`);
  }
}

function processorMicros(step: () => void, rounds: number): number {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) step();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (rounds * BATCH_EVENTS);
}
