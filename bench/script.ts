import { BATCH_EVENTS, type BenchContext, nextIdPrefix, secondsOf } from './bench-context.ts';
import { serverVersions, TENANTS } from './bench-context.ts';
import { emptyLongJournal } from './empty-journal.ts';
import { type Findings, type Measure, medianShares } from './report.ts';
import type { RequestPlan } from './requests.ts';
import { type AnsweredRun, runLoad } from './run-load.ts';
import { readScriptFigures, rememberedIdsBytes, type ScriptFigures } from './script-figures.ts';
import { type BenchStack, startBenchStack } from './stack.ts';
import { acceptedEvents } from './stores.ts';

/** What this command measures. */
export const SCRIPT_TITLE = 'script: what recordUsage costs Redis per event, and what a remembered id takes';

const SECONDS = 3;
const ID_BYTES_WANTED = 100;

interface Shape {
  readonly key: string;
  readonly name: string;
  readonly events: number;
  readonly tenants: number;
  readonly wantedMicros: number;
}

const SHAPES: readonly Shape[] = [
  {
    key: 'one_tenant',
    name: '100 of one tenant',
    events: BATCH_EVENTS,
    tenants: 1,
    wantedMicros: 2.2,
  },
  {
    key: 'fifty_tenants',
    name: '100 of 50 tenants',
    events: BATCH_EVENTS,
    tenants: 50,
    wantedMicros: 5,
  },
  { key: 'single', name: 'one event a call', events: 1, tenants: 1, wantedMicros: 20 },
];

interface ShapeRun extends AnsweredRun {
  readonly scriptMicros: number;
  readonly processorMicros: number;
  readonly eventsPerCall: number;
}

/**
 * One shard, so that a batch is one call whatever its tenants are; one connection, so that no two requests meet in one call; no worker, so
 * that Redis does nothing else.
 */
export async function benchScript(context: BenchContext): Promise<Findings> {
  const stack = await startBenchStack({ tenants: TENANTS, shards: 1 });
  try {
    const seconds = secondsOf(context, SECONDS);
    const warming = SHAPES[1];
    if (warming !== undefined) await measure(context, stack, warming, seconds);
    const rounds: ShapeRun[][] = [];
    for (let run = 0; run < context.runs; run += 1) {
      const runs: ShapeRun[] = [];
      for (const shape of SHAPES) runs.push(await measure(context, stack, shape, seconds));
      rounds.push(runs);
      await emptyLongJournal(context, stack);
    }
    const ids = await acceptedEvents(stack.redis);
    const idBytes = (await rememberedIdsBytes(stack.redis)) / ids;
    const of = (place: number): ShapeRun[] => rounds.flatMap((runs) => runs[place] ?? []);
    return {
      versions: await serverVersions(stack.database, stack.redis),
      settings: {
        runs: rounds.length,
        'seconds a run': seconds,
        connections: 1,
        shards: 1,
        tenants: TENANTS,
        'remembered ids': ids,
      },
      measures: [...SHAPES.flatMap((shape, place) => shapeMeasures(shape, of(place))), idMeasure(idBytes)],
      processors: SHAPES.map(({ name }, place) => medianShares(name, of(place))),
      notes: [
        'Script time is what INFO commandstats counts for EVALSHA: the commands it calls included, sockets and the append-only file not. It is time passed inside the script, which other programs on the machine can stretch.',
        'The server’s processor time is INFO cpu: everything, with reading requests, writing and syncing the append-only file.',
        'Bytes per id are MEMORY USAGE of everything that remembers ids, with what conflict detection needs, over the ids remembered.',
      ],
    };
  } finally {
    await stack.stop();
  }
}

async function measure(context: BenchContext, stack: BenchStack, shape: Shape, seconds: number): Promise<ShapeRun> {
  const requests: RequestPlan = {
    kind: 'events',
    apiKey: stack.ingestKey,
    eventsPerRequest: shape.events,
    tenantsPerRequest: shape.tenants,
    tenants: TENANTS,
    idPrefix: nextIdPrefix(),
  };
  const before = await readScriptFigures(stack.redis);
  const run = await runLoad(context, stack, { connections: 1, seconds, requests, pace: { kind: 'free' } });
  const after = await readScriptFigures(stack.redis);
  const spent = (pick: (figures: ScriptFigures) => number): number => pick(after) - pick(before);
  const figures = {
    scriptMicros: spent(({ scriptMicros }) => scriptMicros) / run.events,
    processorMicros: spent(({ processorMicros }) => processorMicros) / run.events,
    eventsPerCall: run.events / spent(({ scriptCalls }) => scriptCalls),
  };
  context.say(`${shape.name}: ${figures.scriptMicros.toFixed(2)} µs/event in the script`);
  return { ...run, ...figures };
}

function shapeMeasures({ key, name, wantedMicros }: Shape, runs: readonly ShapeRun[]): Measure[] {
  return [
    {
      key: `script.${key}.script_micros`,
      name: `${name}: in the script`,
      unit: 'µs/event',
      runs: runs.map(({ scriptMicros }) => scriptMicros),
      target: { atMost: wantedMicros },
    },
    {
      key: `script.${key}.processor_micros`,
      name: `${name}: processor time of the server`,
      unit: 'µs/event',
      runs: runs.map(({ processorMicros }) => processorMicros),
    },
    {
      key: `script.${key}.events_per_call`,
      name: `${name}: events a call`,
      unit: 'events',
      runs: runs.map(({ eventsPerCall }) => eventsPerCall),
    },
  ];
}

function idMeasure(bytes: number): Measure {
  return {
    key: 'script.id_bytes',
    name: 'memory per remembered id',
    unit: 'B',
    runs: [bytes],
    target: { atMost: ID_BYTES_WANTED },
  };
}
