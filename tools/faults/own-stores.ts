import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTemporal } from '../../src/embedded/find-temporal.ts';
import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import { startTemporal } from '../../src/embedded/start-temporal.ts';
import type { Stores } from './fault-world.ts';
import { startPostgresPart } from './parts.ts';

function silent(): void {
  // Every fault starts its own stores: what they say is only worth hearing when they fail, and then they throw.
}

/** Where the cluster lies: beside the data folder where the account that runs PostgreSQL cannot enter it. */
function clusterOf(dataFolder: string): string {
  const location = join(dataFolder, 'postgres.location');
  return existsSync(location) ? readFileSync(location, 'utf8').trim() : join(dataFolder, 'postgres');
}

/**
 * Starts a PostgreSQL that waits for its disk and a Temporal, for one fault alone: what one fault leaves behind cannot help or hurt
 * the next.
 */
export async function openOwnStores(): Promise<Stores & { close(): Promise<void> }> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'tollkeeper-fault-stores-'));
  // PostgreSQL runs as another account when we are root; it must be able to pass through to its own folder.
  chmodSync(dataFolder, 0o711);
  const program = await findTemporal(readEmbeddedSettings(process.env), silent);
  const started = await Promise.allSettled([
    startPostgresPart({ dataFolder, say: silent }),
    startTemporal({ program, dataFolder, headless: true, inMemory: true }),
  ]);
  const close = async (): Promise<void> => {
    await Promise.all(started.flatMap((part) => (part.status === 'fulfilled' ? [part.value.stop()] : [])));
    rmSync(dataFolder, { recursive: true, force: true });
  };
  const [postgres, temporal] = started;
  if (postgres.status === 'fulfilled' && temporal.status === 'fulfilled') {
    const { url: databaseUrl } = postgres.value;
    const { address: temporalAddress } = temporal.value;
    return {
      databaseUrl,
      temporalAddress,
      temporalNamespace: 'default',
      postgres: postgres.value,
      postgresFolder: clusterOf(dataFolder),
      close,
    };
  }
  await close();
  throw started.find((part) => part.status === 'rejected')?.reason;
}
