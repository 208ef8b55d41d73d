import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Redis } from 'ioredis';

import { findRedis } from '../src/embedded/find-redis.ts';
import { readEmbeddedSettings } from '../src/embedded/settings.ts';

const HOST = '127.0.0.1';
const SLOTS = 16_384;
const MASTERS = 3;
/** The port of the bus is 10,000 higher: both must be below 65,536, and out of the range that the system gives out. */
const PORT_MIN = 12_000;
const PORT_SPAN = 18_000;
const START_ATTEMPTS = 20;
const POLL_MS = 30;
const READY_MS = 15_000;
const NODE_TIMEOUT_MS = 2_000;
const MIGRATE_TIMEOUT_MS = 5_000;

/** One server of a cluster. */
export interface ClusterNode {
  readonly port: number;
  /** A plain connection to it. */
  readonly redis: Redis;
  id(): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** A Redis Cluster of our own on this machine, with the durable profile, to be broken. */
export interface RedisCluster {
  readonly redisUrl: string;
  /** Those that were masters in the beginning. */
  readonly masters: readonly ClusterNode[];
  /** The replica of a master as it is now. */
  replicaOf(master: ClusterNode): Promise<ClusterNode>;
  /** From here on what the master takes does not reach its replica, until the master is started again. */
  cutReplication(master: ClusterNode): Promise<void>;
  /** Waits until a node that was started again has all that its master has. */
  untilCaughtUp(replica: ClusterNode): Promise<void>;
  /** The node whose own table says that it serves the slot of this key. */
  ownerOf(key: string): Promise<ClusterNode>;
  /** Begins to move a key's slot: from here on its keys may be on either side. */
  beginMove(key: string, from: ClusterNode, to: ClusterNode): Promise<void>;
  /** Moves up to so many keys of the slot, and answers how many are left. */
  moveKeys(key: string, from: ClusterNode, to: ClusterNode, count: number): Promise<number>;
  endMove(key: string, to: ClusterNode): Promise<void>;
  drop(): Promise<void>;
}

async function startNode(program: string, parent: string): Promise<ClusterNode> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    const port = PORT_MIN + Math.floor(Math.random() * PORT_SPAN);
    const folder = join(parent, String(port));
    mkdirSync(folder, { recursive: true });
    const node = new RunningNode(program, port, [...DURABLE_SETTINGS, '--dir', folder]);
    if (await node.start()) return node;
  }
  throw new Error(`no pair of free ports was found in ${START_ATTEMPTS} attempts`);
}

class RunningNode implements ClusterNode {
  readonly port: number;
  readonly redis: Redis;
  readonly #program: string;
  readonly #arguments: readonly string[];
  #child: ReturnType<typeof spawn> | undefined;

  constructor(program: string, port: number, settings: readonly string[]) {
    this.port = port;
    this.#program = program;
    this.#arguments = ['--port', String(port), '--bind', HOST, ...settings];
    this.redis = new Redis({
      host: HOST,
      port,
      retryStrategy: () => POLL_MS,
      maxRetriesPerRequest: null,
      lazyConnect: true,
    });
    this.redis.on('error', () => undefined);
  }

  /** Whether it came up: the port may have been taken by another. */
  async start(): Promise<boolean> {
    const child = spawn(this.#program, this.#arguments, { stdio: 'ignore' });
    this.#child = child;
    const ended = once(child, 'exit').then(() => false);
    if (this.redis.status === 'wait') void this.redis.connect().catch(() => undefined);
    const answers = (async () => {
      const asked = this.redis.info('server');
      return (await asked).includes(`process_id:${child.pid}`);
    })();
    const isUp = await Promise.race([answers.catch(() => false), ended]);
    if (!isUp) this.redis.disconnect();
    return isUp;
  }

  async id(): Promise<string> {
    return this.redis.cluster('MYID');
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async restart(): Promise<void> {
    if (!(await this.start())) throw new Error(`the node on port ${this.port} did not come up again`);
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`the cluster did not come so far: ${what}`);
    await pause(POLL_MS);
  }
}

async function slotOf(node: ClusterNode, key: string): Promise<number> {
  return node.redis.cluster('KEYSLOT', key);
}

const DURABLE_SETTINGS: readonly string[] = Object.entries({
  'cluster-enabled': 'yes',
  // Whoever breaks it decides which replica takes over, and when.
  'cluster-replica-no-failover': 'yes',
  'cluster-node-timeout': String(NODE_TIMEOUT_MS),
  'cluster-require-full-coverage': 'no',
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'maxmemory-policy': 'noeviction',
  'lazyfree-lazy-expire': 'yes',
  'hash-max-listpack-entries': '512',
  'repl-diskless-sync-delay': '0',
}).flatMap(([name, value]) => [`--${name}`, value]);

/** Starts three masters, and a replica of each where asked for, and joins them. */
export async function startRedisCluster({ withReplicas }: { withReplicas: boolean }): Promise<RedisCluster> {
  const program = await findRedis(readEmbeddedSettings(process.env));
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-cluster-'));
  const nodes: ClusterNode[] = [];
  const cluster = new LocalCluster(nodes, folder);
  try {
    const count = withReplicas ? 2 * MASTERS : MASTERS;
    for (let number = 0; number < count; number += 1) nodes.push(await startNode(program, folder));
    await joinAll(nodes);
    return cluster;
  } catch (error) {
    await cluster.drop();
    throw error;
  }
}

class LocalCluster implements RedisCluster {
  readonly #nodes: readonly ClusterNode[];
  readonly #folder: string;

  constructor(nodes: readonly ClusterNode[], folder: string) {
    this.#nodes = nodes;
    this.#folder = folder;
  }

  get redisUrl(): string {
    return `redis-cluster://${this.masters.map(({ port }) => `${HOST}:${port}`).join(',')}`;
  }

  get masters(): readonly ClusterNode[] {
    return this.#nodes.slice(0, MASTERS);
  }

  async replicaOf(master: ClusterNode): Promise<ClusterNode> {
    for (const node of this.#nodes) {
      const info = await node.redis.info('replication');
      if (info.includes('role:slave') && info.includes(`master_port:${master.port}\r`)) return node;
    }
    throw new Error(`the node on port ${master.port} has no replica`);
  }

  async cutReplication({ redis }: ClusterNode): Promise<void> {
    // The replica comes back at once, and is not let in.
    await redis.config('SET', 'requirepass', 'nobody knows');
    await redis.client('KILL', 'TYPE', 'REPLICA');
  }

  async untilCaughtUp({ redis }: ClusterNode): Promise<void> {
    await until('a replica has what its master has', async () => isCaughtUp(await redis.info('replication')));
  }

  async ownerOf(key: string): Promise<ClusterNode> {
    for (const node of this.#nodes) {
      const answer = await node.redis.hget(key, 'x').then(
        () => '',
        (error: Error) => error.message,
      );
      if (!answer.startsWith('MOVED')) return node;
    }
    throw new Error(`no node serves ${key}`);
  }

  async beginMove(key: string, from: ClusterNode, to: ClusterNode): Promise<void> {
    const slot = await slotOf(from, key);
    await to.redis.cluster('SETSLOT', slot, 'IMPORTING', await from.id());
    await from.redis.cluster('SETSLOT', slot, 'MIGRATING', await to.id());
  }

  async moveKeys(key: string, from: ClusterNode, to: ClusterNode, count: number): Promise<number> {
    const slot = await slotOf(from, key);
    const keys = await from.redis.cluster('GETKEYSINSLOT', slot, count);
    if (keys.length > 0) await from.redis.migrate(HOST, to.port, '', 0, MIGRATE_TIMEOUT_MS, 'KEYS', ...keys);
    return from.redis.cluster('COUNTKEYSINSLOT', slot);
  }

  async endMove(key: string, to: ClusterNode): Promise<void> {
    const [slot, id] = [await slotOf(to, key), await to.id()];
    await to.redis.cluster('SETSLOT', slot, 'NODE', id);
    const others = this.#nodes.filter((node) => node !== to);
    // Replicas refuse to be told, and hear of it from their masters.
    for (const { redis } of others) await redis.cluster('SETSLOT', slot, 'NODE', id).catch(() => undefined);
  }

  async drop(): Promise<void> {
    for (const { redis } of this.#nodes) redis.disconnect();
    await Promise.all(this.#nodes.map((node) => node.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function isCaughtUp(info: string): boolean {
  return info.includes('role:slave') && info.includes('master_link_status:up');
}

/** Meets all nodes, shares the slots out among the first, and makes the others their replicas in turn. */
async function joinAll(nodes: readonly ClusterNode[]): Promise<void> {
  const [masters, replicas] = [nodes.slice(0, MASTERS), nodes.slice(MASTERS)];
  const share = Math.ceil(SLOTS / masters.length);
  for (const [number, { redis }] of masters.entries()) {
    await redis.cluster('SET-CONFIG-EPOCH', number + 1);
    await redis.cluster('ADDSLOTSRANGE', number * share, Math.min((number + 1) * share, SLOTS) - 1);
  }
  for (const { port } of nodes.slice(1)) await nodes[0]?.redis.cluster('MEET', HOST, port);
  for (const [number, { redis }] of replicas.entries()) {
    const id = (await masters[number]?.id()) ?? '';
    await until('a replica knows its master', async () => (await redis.cluster('REPLICATE', id)) === 'OK');
  }
  await until('all nodes agree', async () => {
    const infos = await Promise.all(nodes.map(({ redis }) => redis.cluster('INFO')));
    const links = await Promise.all(replicas.map(({ redis }) => redis.info('replication')));
    const wanted = ['cluster_state:ok', `cluster_known_nodes:${nodes.length}\r`];
    return infos.every((info) => wanted.every((line) => info.includes(line))) && links.every(isCaughtUp);
  });
}
