import { z } from 'zod';

/**
 * The one reader of the environment of the API, the worker and their tools (`src/embedded/settings.ts` reads the few
 * variables that concern the machine). Everything missing or wrong is listed in one error; a secret has no default.
 */
export interface Config {
  /** `postgres://…` of the owner of the schema; sessions switch to the application role themselves. */
  readonly databaseUrl: string;
  /** `redis://host:port`, or of a Redis Cluster `redis-cluster://host:port,host:port`; with TLS `rediss…`. */
  readonly redisUrl: string;
  /** `host:port` of the Temporal frontend. */
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly temporalTaskQueue: string;
  /** Where people find the Temporal UI; only ever printed. */
  readonly temporalUiUrl: string | null;
  readonly apiHost: string;
  readonly apiPort: number;
  /** Where the worker serves its metrics, on the same host setting; 0: any free port. */
  readonly workerPort: number;
  readonly mode: 'test' | 'live';
  readonly shardCount: number;
  readonly databasePoolSizeMax: number;
  readonly dedupWindowSeconds: number;
  /**
   * What stays in a shard's journal after it was committed, so that a restored database can be drained again: its age and its
   * size, whichever ends first; 0: nothing.
   */
  readonly journalRetention: { readonly ageMs: number; readonly bytes: number };
  /** `durable` refuses to run on a Redis that could lose an acknowledged event on a power cut; `fast` is lossy and says so. */
  readonly profile: 'durable' | 'fast';
  /** Every event id of a tenant once and for ever, also with another time; else only while Redis remembers it. */
  readonly strictIds: boolean;
  /** What becomes of events whose type no meter takes: refused as `unknown_type`, or kept without a meter as `unmetered`. */
  readonly unknownTypes: 'refuse' | 'keep';
  /** What the operator attests where `CONFIG GET` is forbidden (managed Redis); `null`: the service reads it itself. */
  readonly redisAttested: boolean;
  /** At 90 % of so many bytes of Redis's memory nothing more is taken; `null`: its own `maxmemory` alone decides. */
  readonly redisMemoryMaxBytes: number | null;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** For crash tests only: the name of the billing step after whose effect the worker kills itself. Refused in live mode. */
  readonly crashAfterStep: string | null;
}

const port = z.coerce.number().int().min(0).max(65_535);
const optionalText = z.string().min(1).nullable().default(null);

const ENVIRONMENT = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgres://'),
  REDIS_URL: z.string().regex(/^rediss?(?:-cluster)?:\/\//, 'must start with redis://, rediss:// or redis-cluster://'),
  TEMPORAL_ADDRESS: z.string().regex(/^[^:/]+:\d+$/, 'must be host:port'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TASK_QUEUE: z.string().min(1).default('tollkeeper'),
  TEMPORAL_UI_URL: optionalText,
  TOLLKEEPER_HOST: z.string().min(1).default('127.0.0.1'),
  TOLLKEEPER_PORT: port.default(4400),
  TOLLKEEPER_WORKER_PORT: port.default(4401),
  TOLLKEEPER_MODE: z.enum(['test', 'live']).default('test'),
  TOLLKEEPER_SHARDS: z.coerce.number().int().min(1).max(64).default(2),
  TOLLKEEPER_DATABASE_POOL: z.coerce.number().int().min(2).max(200).default(10),
  TOLLKEEPER_DEDUP_WINDOW_SECONDS: z.coerce.number().int().min(60).max(7_776_000).default(86_400),
  TOLLKEEPER_JOURNAL_RETENTION_SECONDS: z.coerce.number().int().min(0).max(7_776_000).default(3_600),
  TOLLKEEPER_JOURNAL_RETENTION_MEBIBYTES: z.coerce.number().int().min(0).max(1_048_576).default(64),
  TOLLKEEPER_PROFILE: z.enum(['durable', 'fast']).default('durable'),
  TOLLKEEPER_STRICT_IDS: z.enum(['0', '1']).default('0'),
  TOLLKEEPER_UNKNOWN_TYPES: z.enum(['refuse', 'keep']).default('refuse'),
  TOLLKEEPER_REDIS_ATTESTED: z.enum(['0', '1']).default('0'),
  TOLLKEEPER_REDIS_MEMORY_MEBIBYTES: z.coerce.number().int().min(0).max(16_777_216).default(0),
  STRIPE_SECRET_KEY: optionalText,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  TOLLKEEPER_CRASH_AFTER: optionalText,
});

/** The names of all variables, for the test that holds docker-compose.yml against this file. */
export const CONFIG_VARIABLES: readonly string[] = Object.keys(ENVIRONMENT.shape);

/** Thrown with one line per variable that is missing or wrong; programs print it and exit with 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads and checks the environment. An empty variable counts as absent, as compose files write it. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    CONFIG_VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const parsed = ENVIRONMENT.safeParse(given);
  if (!parsed.success) throw new ConfigError(describeProblems(parsed.error));
  const values = parsed.data;
  if (values.TOLLKEEPER_MODE === 'live' && values.TOLLKEEPER_CRASH_AFTER !== null) {
    throw new ConfigError('TOLLKEEPER_CRASH_AFTER kills the worker on purpose and is refused in live mode: unset it');
  }
  refuseStripeKey(values.STRIPE_SECRET_KEY);
  return {
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    temporalAddress: values.TEMPORAL_ADDRESS,
    temporalNamespace: values.TEMPORAL_NAMESPACE,
    temporalTaskQueue: values.TEMPORAL_TASK_QUEUE,
    temporalUiUrl: values.TEMPORAL_UI_URL,
    apiHost: values.TOLLKEEPER_HOST,
    apiPort: values.TOLLKEEPER_PORT,
    workerPort: values.TOLLKEEPER_WORKER_PORT,
    mode: values.TOLLKEEPER_MODE,
    shardCount: values.TOLLKEEPER_SHARDS,
    databasePoolSizeMax: values.TOLLKEEPER_DATABASE_POOL,
    dedupWindowSeconds: values.TOLLKEEPER_DEDUP_WINDOW_SECONDS,
    journalRetention: {
      ageMs: values.TOLLKEEPER_JOURNAL_RETENTION_SECONDS * 1_000,
      bytes: values.TOLLKEEPER_JOURNAL_RETENTION_MEBIBYTES * 1_048_576,
    },
    profile: values.TOLLKEEPER_PROFILE,
    strictIds: values.TOLLKEEPER_STRICT_IDS === '1',
    unknownTypes: values.TOLLKEEPER_UNKNOWN_TYPES,
    redisAttested: values.TOLLKEEPER_REDIS_ATTESTED === '1',
    redisMemoryMaxBytes:
      values.TOLLKEEPER_REDIS_MEMORY_MEBIBYTES === 0 ? null : values.TOLLKEEPER_REDIS_MEMORY_MEBIBYTES * 1_048_576,
    logLevel: values.LOG_LEVEL,
    crashAfterStep: values.TOLLKEEPER_CRASH_AFTER,
  };
}

function describeProblems(error: z.ZodError): string {
  const lines = error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  return ['the environment is not complete; set these variables:', ...lines].join('\n');
}

/** A key that would do nothing must not look as if it did: whoever sets it expects invoices to reach Stripe. */
function refuseStripeKey(secretKey: string | null): void {
  if (secretKey === null) return;
  throw new ConfigError(
    'STRIPE_SECRET_KEY is set, but this version does not push invoices to Stripe yet: unset it. Invoices are issued here ' +
      'and marked paid by hand',
  );
}
