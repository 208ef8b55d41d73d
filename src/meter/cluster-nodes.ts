import { Command, type Redis } from 'ioredis';

import { MeterUnavailableError } from './meter-errors.ts';
import { within } from './within.ts';

/** Where a node listens, as the cluster announces it. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** How the nodes of a cluster are reached. */
export interface ClusterOptions {
  /** Nodes to ask first; the rest is learnt from them. */
  readonly seeds: readonly NodeAddress[];
  /** Opens the one connection to a node. It queues nothing and sends nothing twice. */
  readonly open: (address: NodeAddress) => Redis;
}

/** Told that a connection was lost, or that other nodes serve some keys from now on. */
export type LostListener = (isAffected: (key: string) => boolean) => void;

type SlotRange = readonly [
  first: number,
  last: number,
  ...nodes: readonly (readonly [host: string | null, port: number])[],
];

/** Between two questions for who serves what, while something is amiss. */
const REFRESH_PAUSE_MS = 200;
const ASK_TIMEOUT_MS = 1_000;

/**
 * Which node of a Redis Cluster serves which keys. A command goes to the node that is known for its slot and to no other: a redirection
 * is not followed but noted, and told to those who listen, because data that another node serves must be verified before it is
 * believed.
 */
export class ClusterNodes {
  readonly #options: ClusterOptions;
  readonly #connections = new Map<string, Redis>();
  readonly #owners = new Map<number, string>();
  readonly #slots = new Map<string, number>();
  readonly #lostListeners: LostListener[] = [];
  readonly #readyWaiters: (() => void)[] = [];
  readonly #preparations: ((node: Redis) => void)[] = [];
  #known: readonly string[];
  #isReady = false;
  #isClosed = false;
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#known = options.seeds.map(nameOf);
    void this.refresh();
  }

  /** The connection to the node that serves a key. Throws `MeterUnavailableError` while none is known. */
  nodeOf(key: string): Redis {
    const name = this.#owners.get(this.#slotOf(key));
    const node = name === undefined ? undefined : this.#connections.get(name);
    if (node === undefined) {
      this.#refreshSoon();
      throw new MeterUnavailableError('no node of the Redis Cluster is known to serve this shard');
    }
    return node;
  }

  /** The connections to all nodes that serve keys. */
  nodes(): readonly Redis[] {
    return [...this.#connections.values()];
  }

  /** Whether every slot that is served has a connection that is usable. */
  get isReady(): boolean {
    return this.#isReady && this.nodes().every(({ status }) => status === 'ready');
  }

  /** Calls back once everything is ready: at once where it is. */
  onceReady(listener: () => void): void {
    if (this.isReady) listener();
    else this.#readyWaiters.push(listener);
  }

  /** Tells of every connection that is lost, and of every slot that another node serves. */
  onLost(listener: LostListener): void {
    this.#lostListeners.push(listener);
  }

  /** Does something with every connection, those that are opened later among them. */
  prepare(preparation: (node: Redis) => void): void {
    this.#preparations.push(preparation);
    for (const node of this.#connections.values()) preparation(node);
  }

  /** What a failed command says of the cluster: noted, so that the next one goes to the right node. */
  noteFault(key: string, node: Redis, error: Error): void {
    const moved = /^MOVED (\d+) (.*):(\d+)$/.exec(error.message);
    if (moved !== null) {
      const host = isUnknown(moved[2] ?? null) ? (node.options.host ?? '') : String(moved[2]);
      this.#serve(new Map([[this.#slotOf(key), nameOf({ host, port: Number(moved[3]) })]]));
    }
    if (moved !== null || !isOfTheCommand(error)) this.#refreshSoon();
  }

  /** Closes all connections for good. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const node of this.#connections.values()) node.disconnect();
  }

  /** Asks the cluster who serves what; one question at a time. Never rejects: it is asked again while something is amiss. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#askAnyone().finally(() => {
      this.#refreshing = undefined;
      if (this.isReady) for (const waiter of this.#readyWaiters.splice(0)) waiter();
      else this.#refreshSoon();
    });
    return this.#refreshing;
  }

  #refreshSoon(): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.refresh();
    }, REFRESH_PAUSE_MS);
    this.#timer.unref();
  }

  /** All are asked at once, because one that hangs would keep the others from being heard. */
  async #askAnyone(): Promise<void> {
    const names = new Set([...this.#known, ...this.#connections.keys(), ...this.#options.seeds.map(nameOf)]);
    const views = await Promise.allSettled([...names].map((name) => this.#ask(name)));
    const answers = views.flatMap((view) => (view.status === 'fulfilled' ? [view.value] : []));
    if (!this.#isClosed) this.#take(answers);
  }

  async #ask(name: string): Promise<ClusterView> {
    const present = this.#connections.get(name);
    const redis = present?.status === 'ready' ? present : this.#options.open(addressOf(name));
    const isOwn = redis !== present;
    try {
      if (isOwn) await becomeReady(redis);
      const info = await within(ASK_TIMEOUT_MS, redis.cluster('INFO'), noAnswer);
      const slots = await within(ASK_TIMEOUT_MS, redis.cluster('SLOTS'), noAnswer);
      return { epoch: epochIn(info), ranges: slots as unknown as SlotRange[], host: addressOf(name).host };
    } finally {
      if (isOwn) redis.disconnect();
    }
  }

  /** Of nodes that disagree, the one that has heard of the latest change is believed. */
  #take(views: readonly ClusterView[]): void {
    const newest = views.toSorted((one, other) => other.epoch - one.epoch)[0];
    if (newest === undefined || newest.ranges.length === 0) return;
    const owners = new Map<number, string>();
    const known = new Set<string>();
    for (const [first, last, ...nodes] of newest.ranges) {
      const names = nodes.map(([host, port]) => nameOf({ host: isUnknown(host) ? newest.host : host, port }));
      for (const name of names) known.add(name);
      for (let slot = first; slot <= last; slot += 1) owners.set(slot, names[0] ?? '');
    }
    this.#known = [...known];
    this.#serve(owners);
    const serving = new Set(this.#owners.values());
    for (const [name, node] of this.#connections) {
      if (serving.has(name)) continue;
      this.#connections.delete(name);
      node.disconnect();
    }
    this.#isReady = true;
  }

  #serve(owners: ReadonlyMap<number, string>): void {
    const changed = new Set<number>();
    for (const [slot, name] of owners) {
      if (this.#owners.get(slot) === name) continue;
      this.#owners.set(slot, name);
      changed.add(slot);
      if (!this.#connections.has(name)) this.#connect(name);
    }
    if (changed.size > 0) this.#tellLost((slot) => changed.has(slot));
  }

  #connect(name: string): void {
    const node = this.#options.open(addressOf(name));
    this.#connections.set(name, node);
    for (const preparation of this.#preparations) preparation(node);
    node.on('ready', () => {
      if (this.isReady) for (const waiter of this.#readyWaiters.splice(0)) waiter();
    });
    node.on('close', () => {
      this.#tellLost((slot) => this.#owners.get(slot) === name);
      this.#refreshSoon();
    });
  }

  #tellLost(isAffected: (slot: number) => boolean): void {
    for (const listener of this.#lostListeners) listener((key) => isAffected(this.#slotOf(key)));
  }

  /** Keys of a shard share their tag, so that there are few to remember. */
  #slotOf(key: string): number {
    const tag = key.slice(0, key.indexOf('}') + 1);
    let slot = this.#slots.get(tag);
    if (slot === undefined) {
      slot = new Command('get', [key]).getSlot();
      if (slot === null) throw new RangeError(`${key} is in no slot`);
      this.#slots.set(tag, slot);
    }
    return slot;
  }
}

interface ClusterView {
  readonly epoch: number;
  readonly ranges: readonly SlotRange[];
  readonly host: string;
}

function nameOf({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}

function addressOf(name: string): NodeAddress {
  const colon = name.lastIndexOf(':');
  return { host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
}

/** A node that does not know its own address, or is told to keep it to itself, is where it was asked. */
function isUnknown(host: string | null): host is null | '' | '?' {
  return host === null || host === '' || host === '?';
}

function epochIn(info: string): number {
  return Number(/^cluster_current_epoch:(\d+)/m.exec(info)?.[1] ?? 0);
}

/** Faults of what was asked, which say nothing about who serves it. */
function isOfTheCommand({ message }: Error): boolean {
  return /^(?:NOSCRIPT|OOM|MISCONF|BUSY|NOPERM|WRONGTYPE|ERR) /.test(message);
}

function becomeReady(redis: Redis): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    redis.once('ready', () => resolve());
    redis.once('close', () => reject(new Error('a node refused the connection')));
  });
  return within(ASK_TIMEOUT_MS, ready, noAnswer);
}

function noAnswer(): Error {
  return new Error(`a node did not answer within ${ASK_TIMEOUT_MS} ms`);
}
