import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import type { Fault } from '../../tools/faults/fault.ts';
import { type FaultWorld, startFaultWorld } from '../../tools/faults/fault-world.ts';
import { answersCut } from '../../tools/faults/faults/connections.ts';
import { everythingFlushed } from '../../tools/faults/faults/data-losses.ts';
import { shuffledDuplicates } from '../../tools/faults/faults/duplicates.ts';
import { apiKilled, redisKilled } from '../../tools/faults/faults/kills.ts';
import { scriptFlushed } from '../../tools/faults/faults/script-flush.ts';
import { failuresOf } from '../../tools/faults/judge-round.ts';
import { limitFor, type LoadSize } from '../../tools/faults/load-plan.ts';
import { LAST_EVENTS_OF_A_ROUND, playRound } from '../../tools/faults/play-round.ts';
import { randomNumbers } from '../../tools/faults/random-numbers.ts';
import { createTemporalNamespace } from '../support/temporal-namespace.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** Room for a machine that does other things as well; a quiet one takes a tenth of it. */
const ROUND_TIMEOUT_MS = 120_000;
const SEED = 4;
const LOAD: LoadSize = { events: 2_000, batchSize: 10, senders: 8, lastsMs: 1_500 };
const MANY: LoadSize = { events: 10_000, batchSize: 100, senders: 32, timesMax: 3 };

/** What a run of minutes plays often (`npm run faults`), once each and on one world. */
const ROUNDS: readonly (readonly [fault: Fault, load: LoadSize])[] = [
  [redisKilled, LOAD],
  [apiKilled, LOAD],
  [scriptFlushed, LOAD],
  [answersCut, LOAD],
  [everythingFlushed, LOAD],
  [shuffledDuplicates, MANY],
];

let database: TestDatabase;
let world: FaultWorld;

beforeAll(async () => {
  const [own, temporalNamespace] = await Promise.all([createTestDatabase(), createTemporalNamespace()]);
  database = own;
  world = await startFaultWorld({
    stores: {
      databaseUrl: database.databaseUrl,
      temporalAddress: inject('temporalAddress'),
      temporalNamespace,
      postgres: undefined,
      postgresFolder: undefined,
    },
    rounds: ROUNDS.length,
    limit: limitFor(LOAD),
    random: randomNumbers(SEED),
    options: { cuttingProxy: true },
    nowMs: Date.now(),
  });
}, ROUND_TIMEOUT_MS);

afterAll(async () => {
  await world.close();
  await database.drop();
});

test.each(ROUNDS.map(([fault, load], number) => ({ name: fault.name, fault, load, number })))(
  '$name: nothing that was acknowledged is lost or counted twice, and what Redis lost is named',
  { timeout: ROUND_TIMEOUT_MS },
  async ({ fault, load, number }) => {
    const round = await playRound({ fault, world, size: load, number, seed: SEED, nowMs: () => Date.now() });
    expect(failuresOf(fault, round)).toEqual([]);
    // Every event was decided, with the last ones of each tenant.
    expect(round.acknowledged + round.refused).toBe(load.events + LAST_EVENTS_OF_A_ROUND);
    // The limit was reached, or its holding would prove nothing.
    expect(round.refused).toBeGreaterThan(0);
  },
);

test('the proxy did lose answers', () => {
  expect(world.proxy.cuts()).toBeGreaterThan(0);
});
