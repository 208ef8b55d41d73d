import * as fc from 'fast-check';

import type { RunModel } from './promise-checks.ts';
import { type Action, type Process, Single, type Tenant, Together } from './promise-commands.ts';
import type { INSTANTS, ModelLimit, Sketch } from './promise-model.ts';
import type { PromiseRun } from './promise-world.ts';

const tenants = fc.constantFrom<Tenant>(0, 1);
const processes = fc.constantFrom<Process>(0, 1);
const projects = fc.constantFrom('atlas', 'birch', null);

const sketches: fc.Arbitrary<Sketch> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'),
  type: fc.oneof(
    { weight: 12, arbitrary: fc.constant('work' as const) },
    { weight: 3, arbitrary: fc.constant('extra' as const) },
    { weight: 1, arbitrary: fc.constant('other' as const) },
  ),
  at: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<keyof typeof INSTANTS>('tooLate', 'tooEarly') },
    { weight: 14, arbitrary: fc.constantFrom<keyof typeof INSTANTS>('first', 'second', 'lately', 'ahead') },
  ),
  quantity: fc.nat(6),
  quarters: fc.nat(12),
  project: projects,
});

/** Some ids always bring the same content, so that many events are true duplicates. */
const repeated: fc.Arbitrary<Sketch> = fc.constantFrom('a', 'b', 'c', 'd', 'k', 'l', 'm').map((id) => {
  const number = id.charCodeAt(0);
  const at = (['first', 'second', 'lately'] as const)[number % 3] ?? 'lately';
  return {
    id,
    type: 'work',
    at,
    quantity: number % 5,
    quarters: number % 7,
    project: number % 2 === 0 ? 'atlas' : null,
  };
});

const events = fc.record({ tenant: tenants, sketch: fc.oneof(sketches, repeated) });
const batches = fc.array(events, { minLength: 1, maxLength: 6 });
/** Of one tenant: its events are taken in one step, whatever happens at the same time. */
const batchesOfOne = fc
  .tuple(tenants, fc.array(fc.oneof(sketches, repeated), { minLength: 1, maxLength: 6 }))
  .map(([tenant, list]) => list.map((sketch) => ({ tenant, sketch })));

const limits: fc.Arbitrary<readonly ModelLimit[]> = fc.uniqueArray(
  fc.record({
    meter: fc.constantFrom('units' as const, 'requests' as const, 'tokens' as const),
    mode: fc.constantFrom('hard' as const, 'hard' as const, 'hard' as const, 'soft' as const),
    dimension: fc.constantFrom(null, null, 'project' as const),
    limit: fc.integer({ min: 1, max: 8 }),
  }),
  { minLength: 0, maxLength: 3, selector: ({ meter, dimension }) => `${meter}/${dimension}` },
);

const sends = batches.map((batch): Action => ({ kind: 'send', batch }));
const sendsOfOne = batchesOfOne.map((batch): Action => ({ kind: 'send', batch }));
const limitChanges = fc.record({ tenant: tenants, limits }).map((change): Action => ({ kind: 'limit', ...change }));
const seals = tenants.map((tenant): Action => ({ kind: 'seal', tenant }));
const rebuilds = tenants.map((tenant): Action => ({ kind: 'rebuild', tenant }));
const plain = (action: Action): fc.Arbitrary<Action> => fc.constant(action);

const alone: fc.Arbitrary<Action> = fc.oneof(
  { weight: 30, arbitrary: sends },
  { weight: 16, arbitrary: limitChanges },
  {
    weight: 8,
    arbitrary: fc
      .record({ batch: batchesOfOne, isSentAgain: fc.boolean() })
      .map((unheard): Action => ({ kind: 'unheard', ...unheard })),
  },
  { weight: 2, arbitrary: plain({ kind: 'extra' }) },
  { weight: 1, arbitrary: fc.nat(9).map((limit): Action => ({ kind: 'plan', limit })) },
  { weight: 4, arbitrary: seals },
  { weight: 8, arbitrary: plain({ kind: 'drain' }) },
  { weight: 4, arbitrary: rebuilds },
  { weight: 1, arbitrary: plain({ kind: 'kill' }) },
  { weight: 4, arbitrary: plain({ kind: 'empty' }) },
  {
    weight: 4,
    arbitrary: fc
      .record({
        key: fc.constantFrom('counters' as const, 'gate' as const, 'shard' as const, 'ids' as const),
        tenant: tenants,
      })
      .map((deleted): Action => ({ kind: 'delete', ...deleted })),
  },
  { weight: 5, arbitrary: projects.map((project): Action => ({ kind: 'check', project })) },
);

const beside: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: sendsOfOne },
  { weight: 2, arbitrary: seals },
  { weight: 2, arbitrary: plain({ kind: 'drain' }) },
  { weight: 2, arbitrary: rebuilds },
  { weight: 2, arbitrary: limitChanges },
  { weight: 1, arbitrary: plain({ kind: 'kill' }) },
);

const pairs = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(sendsOfOne, beside) },
  { weight: 1, arbitrary: fc.tuple(plain({ kind: 'drain' }), plain({ kind: 'drain' })) },
  { weight: 1, arbitrary: rebuilds.map((rebuild): [Action, Action] => [rebuild, rebuild]) },
  { weight: 1, arbitrary: fc.tuple(rebuilds, seals) },
);

/** Any command, the frequent ones first. */
export const commands: fc.Arbitrary<fc.AsyncCommand<RunModel, PromiseRun>> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(alone, processes).map(([action, process]) => new Single(action, process)) },
  { weight: 1, arbitrary: pairs.map((actions) => new Together(actions)) },
);
