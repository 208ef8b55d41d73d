import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the person's environment says about where programs are found and what may be installed. */
export interface EmbeddedSettings {
  /** Folders searched for programs, as in `PATH`. */
  readonly searchPath: string;
  /** `TOLLKEEPER_REDIS_SERVER`: the Redis or Valkey server program to use, whatever the path holds. */
  readonly redisServer: string | undefined;
  /** `TOLLKEEPER_TEMPORAL_SERVER`: the Temporal CLI program to use, whatever the path holds. */
  readonly temporalServer: string | undefined;
  /** `TOLLKEEPER_NO_INSTALL=1`: nothing is installed, downloaded or built; a missing part is an error. */
  readonly mayInstall: boolean;
  /** Where programs that were fetched or built are kept for the next start, whatever folder the project is in. */
  readonly cacheFolder: string;
}

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings of this station from environment variables. An empty variable counts as not set. */
export function readEmbeddedSettings(environment: Environment): EmbeddedSettings {
  return {
    searchPath: environment['PATH'] ?? '',
    redisServer: environment['TOLLKEEPER_REDIS_SERVER'] || undefined,
    temporalServer: environment['TOLLKEEPER_TEMPORAL_SERVER'] || undefined,
    mayInstall: environment['TOLLKEEPER_NO_INSTALL'] !== '1',
    cacheFolder: join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tollkeeper'),
  };
}
