import { choosePorts, holdDataFolder } from './data-folder.ts';
import type { HeldDataFolder } from './data-folder.ts';
import { sayOnStderr } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { findRedis } from './find-redis.ts';
import { findTemporal } from './find-temporal.ts';
import { passivePart } from './part.ts';
import type { Part, RunningPart } from './part.ts';
import type { EmbeddedSettings, PortSettings } from './settings.ts';
import { startPostgres } from './start-postgres.ts';
import type { StartedPostgres } from './start-postgres.ts';
import { startRedis } from './start-redis.ts';
import type { StartedRedis } from './start-redis.ts';
import { startTemporal } from './start-temporal.ts';
import type { StartedTemporal } from './start-temporal.ts';
import { supervise } from './supervise.ts';

/** Where the parts of a running stack are reached. */
export interface StackAddresses {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** `host:port` */
  readonly temporalAddress: string;
  /** The page for people; undefined when there is none or nobody said where it is. */
  readonly temporalUiUrl: string | undefined;
}

/** The parts of a stack, for a supervisor that has more parts than these. */
export interface StackParts {
  /** The data folder, PostgreSQL, Redis, Temporal: in the order to start them. */
  readonly parts: readonly Part[];
  /** @throws Error before all of them are up */
  addresses(): StackAddresses;
  /** Whether nothing had been started on this data before. @throws Error before the data folder is held */
  isFirstStart(): boolean;
}

interface Started {
  readonly postgres: Promise<StartedPostgres | undefined>;
  readonly redis: Promise<StartedRedis | undefined>;
  readonly temporal: Promise<StartedTemporal | undefined>;
}

type Ports = Record<keyof PortSettings, number>;

/** Starts whatever does not run elsewhere, all at once: the three do not need each other. */
function startTogether(settings: EmbeddedSettings, ports: Ports, say: Say): Started {
  const { dataFolder, external } = settings;
  const started: Started = {
    postgres: external.databaseUrl
      ? Promise.resolve(undefined)
      : startPostgres({ dataFolder, port: ports.postgres, say }),
    redis: external.redisUrl
      ? Promise.resolve(undefined)
      : findRedis(settings, say).then((program) => startRedis({ program, dataFolder, port: ports.redis })),
    temporal: external.temporalAddress
      ? Promise.resolve(undefined)
      : findTemporal(settings, say).then((program) =>
          startTemporal({ program, dataFolder, port: ports.temporal, uiPort: ports.temporalUi }),
        ),
  };
  // Each failure is reported when the supervisor comes to that part.
  for (const promise of Object.values(started)) promise.catch(() => undefined);
  return started;
}

/** Stops those that came up. The supervisor has stopped the ones it knew; a second stop does nothing. */
async function stopStarted(started: Started): Promise<void> {
  for (const promise of [started.temporal, started.redis, started.postgres]) {
    const server = await promise.catch(() => undefined);
    await server?.stop();
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/([^@/]*?)(:[^@/]*)?@/u, '//$1@');
}

function part(name: string, externalUrl: string | undefined, start: () => Promise<RunningPart>): Part {
  return {
    name,
    start: externalUrl ? async () => passivePart(`${withoutPassword(externalUrl)} (not started here)`) : start,
  };
}

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not up yet`);
  return value;
}

/** The parts of a stack on the data folder of the settings. Nothing is started before a supervisor starts the first part. */
export function stackParts(settings: EmbeddedSettings, say: Say = sayOnStderr): StackParts {
  const { external, dataFolder } = settings;
  let folder: HeldDataFolder | undefined;
  let started: Started | undefined;
  const up: { postgres?: StartedPostgres; redis?: StartedRedis; temporal?: StartedTemporal } = {};

  const startFolder = async (): Promise<RunningPart> => {
    const held = await holdDataFolder(dataFolder, say);
    folder = held;
    started = startTogether(settings, await choosePorts(dataFolder, settings.ports, say), say);
    return passivePart(`${dataFolder}${held.isNew ? ' (new)' : ''}`, async () => {
      if (started !== undefined) await stopStarted(started);
      held.release();
    });
  };
  const parts = [
    { name: 'Data', start: startFolder },
    part('PostgreSQL', external.databaseUrl, async () => {
      const server = must(await started?.postgres, 'PostgreSQL');
      up.postgres = server;
      return { ...server, detail: withoutPassword(server.url) };
    }),
    part('Redis', external.redisUrl, async () => {
      const server = must(await started?.redis, 'Redis');
      up.redis = server;
      return { ...server, detail: server.url };
    }),
    part('Temporal', external.temporalAddress, async () => {
      const server = must(await started?.temporal, 'Temporal');
      up.temporal = server;
      return { ...server, detail: `${server.address}  UI ${server.uiUrl}` };
    }),
  ];
  return {
    parts,
    isFirstStart: () => must(folder, 'the data folder').isNew,
    addresses: () => ({
      databaseUrl: must(external.databaseUrl ?? up.postgres?.url, 'PostgreSQL'),
      redisUrl: must(external.redisUrl ?? up.redis?.url, 'Redis'),
      temporalAddress: must(external.temporalAddress ?? up.temporal?.address, 'Temporal'),
      temporalUiUrl: external.temporalAddress ? external.temporalUiUrl : up.temporal?.uiUrl,
    }),
  };
}

/** A stack that runs under a supervisor of its own. */
export interface RunningStack extends StackAddresses {
  readonly isFirstStart: boolean;
  /** Stops everything in reverse order and gives the data folder back. */
  stop(): Promise<void>;
}

/** How to start a stack. */
export interface StackOptions {
  readonly settings: EmbeddedSettings;
  /** Receives one line for each part that is up, and progress before that. */
  readonly say?: Say | undefined;
  /** Told when a part ends unasked; the others are stopped then. */
  readonly onPartDied?: ((name: string, logTail: string) => void) | undefined;
}

/**
 * Starts PostgreSQL, Redis and Temporal on a data folder, each unless its URL is given. Signals stay with the caller.
 * @throws Error with what went wrong, when a part could not be started; what had started is stopped
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const say = options.say ?? sayOnStderr;
  const stack = stackParts(options.settings, say);
  const supervision = supervise({ parts: stack.parts, onLine: say, onPartDied: options.onPartDied, signals: null });
  try {
    await supervision.started;
  } catch (error) {
    await supervision.finished;
    throw error;
  }
  return { ...stack.addresses(), isFirstStart: stack.isFirstStart(), stop: () => supervision.stop() };
}
