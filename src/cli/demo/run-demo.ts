import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { allPages, TollkeeperClient } from '../../client/index.ts';
import { freePort, isPortFree } from '../../embedded/ports.ts';
import { readEmbeddedSettings } from '../../embedded/settings.ts';
import type { Environment } from '../../embedded/settings.ts';
import { supervise } from '../../embedded/supervise.ts';
import { ToldError } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { projectFile } from '../project-files.ts';
import { dataFolder } from '../session.ts';
import type { Installation } from '../start.ts';
import { installation } from '../start.ts';
import { demoCatalogue } from './demo-catalogue.ts';
import { PERIOD_MS } from './demo-rounds.ts';
import type { DemoStage } from './demo-rounds.ts';
import { playDemo } from './play-demo.ts';

/** How to run the demo. */
export interface DemoOptions {
  /** End after the first invoices instead of going on every minute. */
  readonly once: boolean;
  /** Change one counter behind the engine's back, which must be caught. */
  readonly corrupt: boolean;
  readonly seed: number;
}

/** The demo's own port, beside an installation that runs on the usual one. */
const PREFERRED_PORT = 4410;
/** Between applying the catalogue and the end of the period before the open one: time to get ready for its late events. */
const LEAD_MS = 6_000;
/** Longer than the example's own, so that a slow machine still sends its late events in time. */
const LATE_WINDOW_MS = 10_000;
const OWN_SERVERS = /^(DATABASE_URL|REDIS_URL|TEMPORAL_.*|STRIPE_.*|TOLLKEEPER_MODE|TOLLKEEPER_.*PORT)$/;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXAMPLE_FILE = 'examples/catalog.yaml';

/** A client whose waits end when the supervisor does. @param onRetry told of every try that has to be repeated */
function abortableClient(
  url: string,
  apiKey: string,
  signal: AbortSignal,
  onRetry: () => void = () => undefined,
): TollkeeperClient {
  const sleep = (waitMs: number): Promise<void> => delay(waitMs, undefined, { signal });
  return new TollkeeperClient({ url, apiKey, backOff: { sleep, onRetry } });
}

/** An ordinary key for the traffic, as an application has one: late events of a sealed period are no business of backfill keys. */
async function openSender(
  admin: TollkeeperClient,
  signal: AbortSignal,
  onRetry: () => void,
): Promise<TollkeeperClient> {
  const { secret } = await admin.createKey({ name: 'traffic of the demo', scopes: ['ingest'] });
  return abortableClient(admin.url, secret, signal, onRetry);
}

/** Tenants of earlier runs are paused: without it the cycles they missed would all close now, beside the ones to be shown. */
async function pauseEarlierRuns(io: CliIo, client: TollkeeperClient): Promise<void> {
  let paused = 0;
  for await (const tenant of allPages((cursor) => client.listTenants({ cursor }))) {
    if (tenant.paused) continue;
    await client.pauseTenant(tenant.id);
    paused += 1;
  }
  if (paused > 0) io.note(`paused ${paused} tenants of earlier runs\n`);
}

/** Applies this run's own catalogue: tenants billed by the minute, the first minute ending in a few seconds. */
async function setStage(io: CliIo, client: TollkeeperClient, signal: AbortSignal): Promise<DemoStage> {
  const retries = { count: 0 };
  const sender = await openSender(client, signal, () => void (retries.count += 1));
  const file = projectFile(EXAMPLE_FILE);
  const text = await readFile(file, 'utf8');
  const startedMs = Date.now();
  const billingStartMs = Math.ceil((startedMs + LEAD_MS - PERIOD_MS) / 1_000) * 1_000;
  const catalogue = demoCatalogue(text, file, {
    name: Math.floor(startedMs / 1_000).toString(36),
    billingStart: new Date(billingStartMs).toISOString(),
    lateWindowSeconds: LATE_WINDOW_MS / 1_000,
  });
  await client.applyCatalogue(catalogue.yaml, { fileName: file });
  io.note(`applied ${EXAMPLE_FILE}: ${catalogue.tenants.map(({ id }) => id).join(', ')}\n`);
  return {
    io,
    client,
    sender,
    retries,
    catalogue,
    billingStartMs,
    lateWindowMs: LATE_WINDOW_MS,
    clock: Date.now,
    signal,
  };
}

/** Plays the demo on a running installation. @returns when it has shown what it was asked for */
async function play(io: CliIo, whole: Installation, options: DemoOptions, signal: AbortSignal): Promise<void> {
  const client = abortableClient(whole.apiUrl, whole.adminKey(), signal);
  const { redisUrl, temporalUiUrl } = whole.stack.addresses();
  await pauseEarlierRuns(io, client);
  const stage = await setStage(io, client, signal);
  await playDemo({ ...options, stage, redisUrl, temporalUiUrl: temporalUiUrl ?? 'http://127.0.0.1:8233' });
}

/**
 * The environment without what names the person's own servers, ports and accounts: made-up tenants must never reach a real database,
 * and no real tenant must be paused as one of an earlier run.
 */
function withoutOwnServers(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OWN_SERVERS.test(name)));
}

/**
 * Runs the demo on a data folder of its own: everything up, the example catalogue applied, events sent, invoices compared figure by
 * figure with the demo's own list of what it sent.
 * @throws CliError when a figure differs, a part fails, or something takes too long
 */
export async function runDemo(io: CliIo, options: DemoOptions): Promise<void> {
  const whole = installation({
    settings: {
      ...readEmbeddedSettings(withoutOwnServers(io.environment)),
      dataFolder: join(dataFolder(io), 'demo'),
    },
    // The metrics of the worker may be anywhere: 4401 belongs to an installation that runs beside the demo.
    environment: { ...withoutOwnServers(io.environment), TOLLKEEPER_WORKER_PORT: '0' },
    apiPort: (await isPortFree(PREFERRED_PORT)) ? PREFERRED_PORT : await freePort(),
    onFirstAdminKey: (_key, file) => io.note(`the admin key of the demo is in ${file}\n`),
  });
  const stopping = new AbortController();
  const supervision = supervise({
    parts: whole.parts,
    onLine: (line) => io.note(`${line}\n`),
    onPartDied: () => stopping.abort(),
    signals: null,
  });
  const ended = supervision.finished.then(({ exitCode, fault }) => {
    stopping.abort();
    if (exitCode !== 0) throw new ToldError(fault ?? 'a part failed');
  });
  const interrupt = (): void => {
    stopping.abort();
    void supervision.stop();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const played = supervision.started.then(
    () => play(io, whole, options, stopping.signal),
    // What could not be started is told by the supervisor's end.
    () => ended,
  );
  try {
    // Once it is being stopped, what fails in the play is only a consequence of that.
    await Promise.race([
      played.catch((error: unknown) => (stopping.signal.aborted ? ended : Promise.reject(error))),
      ended,
    ]);
  } finally {
    stopping.abort();
    await supervision.stop();
    await Promise.allSettled([played, ended]);
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
