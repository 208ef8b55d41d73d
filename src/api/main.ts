import { pino } from 'pino';

import { InstallationMissingError } from '../catalog/read-catalogue.ts';
import { ConfigError, readConfig } from '../config.ts';
import type { Config } from '../config.ts';
import { RedisProfileError } from '../meter/meter-errors.ts';
import { createListener } from './create-listener.ts';
import { startFailure } from './dependency-faults.ts';
import { openApi } from './open-api.ts';
import { serve } from './serve.ts';
import { systemClock } from './system-clock.ts';

const EXIT_BAD_SETTINGS = 2;
/** Requests may take ten seconds to end, statements a little longer; whoever waits for this process waits no more than this. */
const STOP_TIMEOUT_MS = 25_000;

/** The API as a process: serves until it is told to stop, then ends what runs and closes in order. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel, base: { program: 'api' } }, pino.destination(2));
  const api = await openApi(config, log, systemClock);
  const server = await serve(createListener(api.deps), config.apiHost, config.apiPort).catch(async (error: unknown) => {
    await api.close();
    throw listenError(error, config);
  });
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // Asked twice: whoever asks does not want to wait.
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    server
      .stop()
      .then(() => api.close())
      .catch((error: unknown) => {
        log.error({ err: error }, 'the API did not stop in order');
        process.exitCode = 1;
      });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`tollkeeper api ready on ${server.url}\n`);
}

function listenError(error: unknown, { apiHost, apiPort }: Config): unknown {
  if ((error as { code?: unknown }).code !== 'EADDRINUSE') return error;
  return new ConfigError(`port ${apiPort} of ${apiHost} is taken: stop what listens there, or set TOLLKEEPER_PORT`);
}

try {
  await main();
} catch (error) {
  const isSetting =
    error instanceof ConfigError || error instanceof InstallationMissingError || error instanceof RedisProfileError;
  process.stderr.write(`${isSetting ? error.message : `the API cannot start: ${startFailure(error)}`}\n`);
  process.exitCode = isSetting ? EXIT_BAD_SETTINGS : 1;
}
