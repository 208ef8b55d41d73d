import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { EmbeddedError } from './embedded-error.ts';

/** The ports a person may choose. An undefined one is chosen on the first start and kept. */
export interface PortSettings {
  /** `TOLLKEEPER_POSTGRES_PORT` */
  readonly postgres: number | undefined;
  /** `TOLLKEEPER_REDIS_PORT` */
  readonly redis: number | undefined;
  /** `TOLLKEEPER_TEMPORAL_PORT`, for clients and workers */
  readonly temporal: number | undefined;
  /** `TOLLKEEPER_TEMPORAL_UI_PORT`, for people */
  readonly temporalUi: number | undefined;
}

/** Servers that run elsewhere already. A part that has one is not started. */
export interface ExternalSettings {
  /** `DATABASE_URL` */
  readonly databaseUrl: string | undefined;
  /** `REDIS_URL` */
  readonly redisUrl: string | undefined;
  /** `TEMPORAL_ADDRESS`, `host:port` */
  readonly temporalAddress: string | undefined;
  /** `TEMPORAL_UI_URL`, only ever printed */
  readonly temporalUiUrl: string | undefined;
}

/** What the person's environment says about where programs and data are and what may be installed. */
export interface EmbeddedSettings {
  /** Folders searched for programs, as in `PATH`. */
  readonly searchPath: string;
  /** `TOLLKEEPER_REDIS_SERVER`: the Redis or Valkey server program to use, whatever the path holds. */
  readonly redisServer: string | undefined;
  /** `TOLLKEEPER_TEMPORAL_SERVER`: the Temporal CLI program to use, whatever the path holds. */
  readonly temporalServer: string | undefined;
  /** False with `TOLLKEEPER_NO_INSTALL=1`: nothing is installed, downloaded or built; a missing part is an error. */
  readonly mayInstall: boolean;
  /** Where programs that were fetched or built are kept for the next start, whatever folder the project is in. */
  readonly cacheFolder: string;
  /** `TOLLKEEPER_DATA_FOLDER`, an absolute path; by default `.tollkeeper` in the current folder. */
  readonly dataFolder: string;
  readonly ports: PortSettings;
  readonly external: ExternalSettings;
}

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PORT_MAX = 65_535;

function readPort(environment: Environment, name: string): number | undefined {
  const text = environment[name];
  if (!text) return undefined;
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= PORT_MAX) return port;
  throw new EmbeddedError(`${name} is ${JSON.stringify(text)}, which is no port: give a number from 1 to ${PORT_MAX}`);
}

/**
 * Reads the settings of this station from environment variables. An empty variable counts as not set.
 * @throws EmbeddedError naming a variable that cannot be understood
 */
export function readEmbeddedSettings(environment: Environment): EmbeddedSettings {
  const text = (name: string): string | undefined => environment[name] || undefined;
  return {
    searchPath: text('PATH') ?? '',
    redisServer: text('TOLLKEEPER_REDIS_SERVER'),
    temporalServer: text('TOLLKEEPER_TEMPORAL_SERVER'),
    mayInstall: text('TOLLKEEPER_NO_INSTALL') !== '1',
    cacheFolder: join(text('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'tollkeeper'),
    dataFolder: resolve(text('TOLLKEEPER_DATA_FOLDER') ?? '.tollkeeper'),
    ports: {
      postgres: readPort(environment, 'TOLLKEEPER_POSTGRES_PORT'),
      redis: readPort(environment, 'TOLLKEEPER_REDIS_PORT'),
      temporal: readPort(environment, 'TOLLKEEPER_TEMPORAL_PORT'),
      temporalUi: readPort(environment, 'TOLLKEEPER_TEMPORAL_UI_PORT'),
    },
    external: {
      databaseUrl: text('DATABASE_URL'),
      redisUrl: text('REDIS_URL'),
      temporalAddress: text('TEMPORAL_ADDRESS'),
      temporalUiUrl: text('TEMPORAL_UI_URL'),
    },
  };
}
