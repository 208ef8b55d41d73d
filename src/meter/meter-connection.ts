import type { Redis } from 'ioredis';

import { ClusterNodes, type LostListener, type NodeAddress } from './cluster-nodes.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import { openMeterRedis } from './redis-connection.ts';
import { within } from './within.ts';

/** Commands whose first argument is the key that says which node they go to. */
const KEYED_COMMANDS = [
  'hget',
  'hset',
  'hmget',
  'hgetall',
  'hdel',
  'expire',
  'unlink',
  'xlen',
  'xrange',
  'xrangeBuffer',
] as const;

/** What the stations may do with Redis, whether it is one server or a cluster. Scripts are added by `defineCommands`. */
export interface MeterConnection extends Pick<
  Redis,
  (typeof KEYED_COMMANDS)[number] | 'defineCommand' | 'ping' | 'disconnect' | 'status'
> {
  /** Who serves what; none: it is one server, and this is its connection. */
  readonly clusterNodes?: ClusterNodes;
}

const CLUSTER_URL = /^redis(s?)-cluster:\/\/(?:([^@/]*)@)?([^@/]+?)\/?$/;
const PORT_DEFAULT = 6_379;

/**
 * Opens the hot path's connection: to one server (`redis://host:port`), or to a Redis Cluster
 * (`redis-cluster://user:password@host:port,host:port`, with TLS `rediss-cluster://`), of which some nodes are named.
 */
export function openMeterConnection(redisUrl: string, onError: (error: Error) => void): MeterConnection {
  const [isCluster, tls = '', login, places = ''] = CLUSTER_URL.exec(redisUrl) ?? [];
  if (isCluster === undefined) return openMeterRedis(redisUrl, onError);
  const credentials = login === undefined ? '' : `${login}@`;
  const open = ({ host, port }: NodeAddress): Redis =>
    openMeterRedis(`redis${tls}://${credentials}${host.includes(':') ? `[${host}]` : host}:${port}`, onError);
  return connectCluster(new ClusterNodes({ seeds: places.split(',').map(readPlace), open }));
}

function readPlace(place: string): NodeAddress {
  const { hostname, port } = new URL(`redis://${place}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? PORT_DEFAULT : Number(port) };
}

/** Waits until the connection is usable, in a cluster those to all nodes. Rejects with `MeterUnavailableError` when the time is over. */
export function waitForConnection(connection: MeterConnection, timeoutMs: number): Promise<void> {
  const ready = new Promise<void>((resolve) => {
    const { clusterNodes } = connection;
    if (clusterNodes !== undefined) clusterNodes.onceReady(resolve);
    else if (connection.status === 'ready') resolve();
    else serverOf(connection).once('ready', resolve);
  });
  return within(timeoutMs, ready, () => new MeterUnavailableError(`Redis did not answer within ${timeoutMs} ms`));
}

/** The connection to the server that serves a key now. Throws `MeterUnavailableError` while none does. */
export function nodeServing(connection: MeterConnection, key: string): Redis {
  return connection.clusterNodes?.nodeOf(key) ?? serverOf(connection);
}

/** The connections to all servers that hold data. */
export function nodesOf(connection: MeterConnection): readonly Redis[] {
  return connection.clusterNodes?.nodes() ?? [serverOf(connection)];
}

/** Tells of every lost connection, and of keys that another server serves from now on: what was verified of them is void. */
export function onConnectionLost(connection: MeterConnection, listener: LostListener): void {
  if (connection.clusterNodes === undefined) serverOf(connection).on('close', () => listener(() => true));
  else connection.clusterNodes.onLost(listener);
}

/** Without `clusterNodes` a connection is one of ioredis: `openMeterConnection` makes nothing else. */
function serverOf(connection: MeterConnection): Redis {
  return connection as Redis;
}

type Call = (...callArguments: unknown[]) => Promise<unknown>;

/** A connection to a cluster that looks like one to a server: every call goes to the node of its key. */
function connectCluster(clusterNodes: ClusterNodes): MeterConnection {
  const send = async (name: string, key: string, callArguments: unknown[]): Promise<unknown> => {
    const node = clusterNodes.nodeOf(key);
    try {
      return await (node as unknown as Record<string, Call>)[name]?.(...callArguments);
    } catch (error) {
      if (error instanceof Error) clusterNodes.noteFault(key, node, error);
      throw error;
    }
  };
  const connection: Record<string, unknown> = {
    clusterNodes,
    ping: async () => {
      const nodes = clusterNodes.nodes();
      if (nodes.length === 0) throw new MeterUnavailableError('no node of the Redis Cluster answers');
      const [answer] = await Promise.all(nodes.map((node) => node.ping()));
      return answer;
    },
    disconnect: () => clusterNodes.close(),
    defineCommand: (name: string, definition: { lua: string }) => {
      clusterNodes.prepare((node) => node.defineCommand(name, definition));
      // The number of keys comes first.
      connection[name] = (...given: unknown[]) => send(name, String(given[1]), given);
    },
  };
  for (const name of KEYED_COMMANDS) connection[name] = (...given: unknown[]) => send(name, String(given[0]), given);
  Object.defineProperty(connection, 'status', { get: () => (clusterNodes.isReady ? 'ready' : 'connecting') });
  return connection as unknown as MeterConnection;
}
