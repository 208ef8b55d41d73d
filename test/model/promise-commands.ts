import type * as fc from 'fast-check';
import { expect } from 'vitest';

import type { Outcome } from '../../src/domain/outcome.ts';
import { expectedRows, type RunModel } from './promise-checks.ts';
import { type ModelLimit, OPEN_PERIOD, PromiseModel, type Sketch, type TenantModel } from './promise-model.ts';
import type { PromiseRun, Told } from './promise-world.ts';

/** Which of the run's two tenants. */
export type Tenant = 0 | 1;
/** Which of the two processes. */
export type Process = 0 | 1;
/** An event and whose it is. */
export interface Sent {
  readonly tenant: Tenant;
  readonly sketch: Sketch;
}

/** What may happen to the system, by itself or together with another. */
export type Action =
  | { readonly kind: 'send'; readonly batch: readonly Sent[] }
  | { readonly kind: 'unheard'; readonly batch: readonly Sent[]; readonly isSentAgain: boolean }
  | { readonly kind: 'limit'; readonly tenant: Tenant; readonly limits: readonly ModelLimit[] }
  | { readonly kind: 'extra' }
  | { readonly kind: 'plan'; readonly limit: number }
  | { readonly kind: 'seal'; readonly tenant: Tenant }
  | { readonly kind: 'drain' }
  | { readonly kind: 'rebuild'; readonly tenant: Tenant }
  | { readonly kind: 'kill' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'delete'; readonly key: 'counters' | 'gate' | 'shard' | 'ids'; readonly tenant: Tenant }
  | { readonly kind: 'check'; readonly project: string | null };

const copyOf = ({ tenants: [first, second] }: PromiseModel): PromiseModel =>
  new PromiseModel([first.copy(), second.copy()]);

/** A batch is one call: what its time forbids is looked at behind the rest, when ids of the same batch are known. */
function takeAll(model: PromiseModel, batch: readonly Sent[], isAnswered = true): Outcome[] {
  const outcomes: Outcome[] = [];
  const isForbidden = ({ sketch: { at } }: Sent): boolean => at === 'tooLate' || at === 'tooEarly';
  for (const pass of [false, true]) {
    for (const [place, sent] of batch.entries()) {
      if (isForbidden(sent) === pass) outcomes[place] = model.tenants[sent.tenant].take(sent.sketch, isAnswered);
    }
  }
  return outcomes;
}

/** The period that a tenant seals next; `undefined` when both are sealed. */
const nextToSeal = (tenant: TenantModel): 0 | 1 | undefined => (tenant.sealed === 2 ? undefined : tenant.sealed);

/** A batch that was sent again is told `duplicate` for what was taken before the answer was lost. */
function expectTold(told: Told, expected: readonly Outcome[]): void {
  if (told.outcomes === undefined) return;
  const plain = (outcomes: readonly Outcome[]): readonly Outcome[] =>
    told.attempts === 1 ? outcomes : outcomes.map((outcome) => (outcome === 'duplicate' ? 'accepted' : outcome));
  expect(plain(told.outcomes), 'what the senders were told').toEqual(plain(expected));
}

function isTold(told: Told, expected: readonly Outcome[]): boolean {
  try {
    expectTold(told, expected);
    return true;
  } catch {
    return false;
  }
}

/** Does to the stores what an action says. */
async function perform(action: Action, run: PromiseRun, process: Process, model: PromiseModel): Promise<Told | void> {
  switch (action.kind) {
    case 'send':
      return run.send(process, action.batch);
    case 'limit':
      return run.limit(process, action.tenant, action.limits);
    case 'extra':
      return run.addExtraMeter(process);
    case 'plan':
      return run.addPlanVersion(process, action.limit);
    case 'seal': {
      const period = nextToSeal(model.tenants[action.tenant]);
      return period === undefined ? undefined : run.seal(process, action.tenant, period);
    }
    case 'drain':
      return run.drain(process);
    case 'rebuild':
      return run.rebuild(process, action.tenant);
    case 'kill':
      return run.kill();
    default:
      throw new Error(`${action.kind} is not done together with others`);
  }
}

/** Does the same to the model. Draining, rebuilding and killing change nothing that anyone may see. */
function follow(action: Action, model: PromiseModel): Outcome[] {
  switch (action.kind) {
    case 'send':
      return takeAll(model, action.batch);
    case 'limit':
      model.tenants[action.tenant].limits = action.limits;
      return [];
    case 'extra':
      for (const tenant of model.tenants) tenant.hasExtra = true;
      return [];
    case 'seal': {
      const tenant = model.tenants[action.tenant];
      tenant.sealed = tenant.sealed === 0 ? 1 : 2;
      return [];
    }
    case 'drain':
    case 'rebuild':
      for (const tenant of model.tenants) tenant.drained();
      return [];
    default:
      return [];
  }
}

abstract class Command implements fc.AsyncCommand<RunModel, PromiseRun> {
  check(): boolean {
    return true;
  }

  abstract run(model: RunModel, run: PromiseRun): Promise<void>;
  abstract toString(): string;
}

/** Usage that the ledger had already is given back when it was drained; only then are limits exact again. */
async function settle({ present }: RunModel, run: PromiseRun, process: Process): Promise<void> {
  if (!present.tenants.some(({ hasPhantoms }) => hasPhantoms)) return;
  await run.drain(process);
  for (const tenant of present.tenants) tenant.drained();
}

/** One action by one process. */
export class Single extends Command {
  readonly #action: Action;
  readonly #process: Process;

  constructor(action: Action, process: Process) {
    super();
    this.#action = action;
    this.#process = process;
  }

  async run(model: RunModel, run: PromiseRun): Promise<void> {
    const [action, process] = [this.#action, this.#process];
    const { present } = model;
    if (action.kind === 'empty') await empty(model, run);
    else if (action.kind === 'check') await this.#check(present, run, action.project);
    else if (action.kind === 'delete') {
      await run.deleteKey(action.key, action.tenant);
      if (action.key === 'ids') {
        const shard = run.shardOf(action.tenant);
        for (const tenant of [0, 1] as const) if (run.shardOf(tenant) === shard) present.tenants[tenant].forgetIds();
      }
    } else if (action.kind === 'unheard') {
      const told = await run.sendUnheard(process, action.batch);
      expectTold(told, takeAll(present, action.batch, told.outcomes !== undefined || action.isSentAgain));
      await settle(model, run, process);
      if (action.isSentAgain) expectTold(await run.send(process, action.batch), takeAll(present, action.batch));
    } else {
      const told = await perform(action, run, process, present);
      const expected = follow(action, present);
      if (told !== undefined) expectTold(told, expected);
    }
    await settle(model, run, process);
  }

  async #check({ tenants }: PromiseModel, run: PromiseRun, project: string | null): Promise<void> {
    expect(await run.differences(this.#process), 'differences of the accounts').toEqual([]);
    for (const tenant of [0, 1] as const) {
      const { limits } = tenants[tenant];
      if (limits.length === 0) continue;
      const used = limits.map(({ meter, dimension }) => {
        const quarters = tenants[tenant].used(meter, OPEN_PERIOD, dimension === null ? undefined : project);
        return `${meter}/${dimension ?? ''} ${quarters / 4}`;
      });
      const expected = used.toSorted();
      const answered = await run.usedByCheck(this.#process, tenant, limits, project);
      expect(answered.toSorted(), 'what a check says is used').toEqual(expected);
    }
  }

  toString(): string {
    return JSON.stringify({ process: this.#process, action: this.#action });
  }
}

async function empty(model: RunModel, run: PromiseRun): Promise<void> {
  const kept = await Promise.all(([0, 1] as const).map(async (tenant) => new Set((await run.rows(tenant)).keys())));
  await run.empty();
  for (const tenant of [0, 1] as const) {
    const { answered, all } = model.present.tenants[tenant].loseJournal(kept[tenant] ?? new Set());
    const shard = run.shardOf(tenant);
    model.losses.answered[shard] = (model.losses.answered[shard] ?? 0) + answered;
    model.losses.all[shard] = (model.losses.all[shard] ?? 0) + all;
  }
}

/** Two actions at the same time, each by another process: what is seen must be what one order of them gives. */
export class Together extends Command {
  readonly #actions: readonly [Action, Action];

  constructor(actions: readonly [Action, Action]) {
    super();
    this.#actions = actions;
  }

  async run(model: RunModel, run: PromiseRun): Promise<void> {
    const told = await Promise.all(
      this.#actions.map((action, place) => perform(action, run, place as Process, model.present)),
    );
    const wasSentAgain = told.some((one) => one !== undefined && one.attempts > 1);
    const orders = [
      [0, 1],
      [1, 0],
      // Taken unheard and drained, then sent again.
      ...(wasSentAgain
        ? [
            [0, 1, -1, 0, 1],
            [1, 0, -1, 1, 0],
          ]
        : []),
    ];
    const candidates = orders.flatMap((order) => this.#candidate(model.present, order, told) ?? []);
    if (candidates.length === 0) {
      const expected = this.#actions.map((action) => follow(action, copyOf(model.present)));
      expect(told, `in no order of two actions at once; each alone: ${JSON.stringify(expected)}`).toBeUndefined();
    }
    await run.drain(0);
    for (const candidate of candidates) for (const tenant of candidate.tenants) tenant.drained();
    const rows = [await run.rows(0), await run.rows(1)] as const;
    const fitting = candidates.find((candidate) =>
      ([0, 1] as const).every((tenant) => sameRows(rows[tenant], expectedRows(candidate.tenants[tenant]))),
    );
    for (const tenant of [0, 1] as const) {
      const candidate = fitting ?? candidates[0] ?? model.present;
      expect(rows[tenant], 'rows of the ledger').toEqual(expectedRows(candidate.tenants[tenant]));
    }
    model.present = fitting ?? model.present;
  }

  /** The model after the actions in one order, where it agrees with what the senders were told. */
  #candidate(
    present: PromiseModel,
    order: readonly number[],
    told: readonly (Told | void)[],
  ): PromiseModel | undefined {
    const candidate = copyOf(present);
    const expected = new Map<number, Outcome[]>();
    for (const place of order) {
      const action = this.#actions[place];
      if (action === undefined) for (const tenant of candidate.tenants) tenant.drained();
      // Only sending is repeated.
      else if (action.kind === 'send' || !expected.has(place)) expected.set(place, follow(action, candidate));
    }
    const fits = told.every((one, place) => one === undefined || isTold(one, expected.get(place) ?? []));
    return fits ? candidate : undefined;
  }

  toString(): string {
    return JSON.stringify({ together: this.#actions });
  }
}

function sameRows(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([name, content]) => other.get(name) === content);
}

/** A command as it is printed, and kept in `seeds.json`. */
export type PrintedCommand =
  { readonly process: Process; readonly action: Action } | { readonly together: readonly [Action, Action] };

/** The command that was printed so. */
export function readCommand(printed: PrintedCommand): Single | Together {
  return 'together' in printed ? new Together(printed.together) : new Single(printed.action, printed.process);
}
