import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { EmbeddedError } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { tryLock } from './folder-lock.ts';
import { POSTGRES_MAJOR } from './postgres-programs.ts';
import { freePort, isPortFree } from './ports.ts';
import { stopLeftover } from './process-identity.ts';
import type { PortSettings } from './settings.ts';

/** A data folder that belongs to this process until it is released. */
export interface HeldDataFolder {
  readonly path: string;
  /** Whether nothing had been started on it before. */
  readonly isNew: boolean;
  release(): void;
}

/** How the files of a data folder are arranged. Rises when an older program could not work with them. */
const LAYOUT_VERSION = 1;

interface DataFolderVersion {
  readonly layout: number;
  readonly postgresMajor: number;
}

const OWN_VERSION: DataFolderVersion = { layout: LAYOUT_VERSION, postgresMajor: POSTGRES_MAJOR };

const PORT_NAMES = ['postgres', 'redis', 'temporal', 'temporalUi'] as const;

/** Easy to remember and rarely used by others; another one is chosen when they are taken. */
const PREFERRED_PORTS = { postgres: 15_432, redis: 16_379, temporal: 17_233, temporalUi: 18_233 } as const;

/** Signals that end the servers politely; everything else ends on SIGTERM. */
const SERVERS = [
  { file: 'temporal.json', name: 'Temporal', stopSignal: 'SIGTERM' },
  { file: 'redis.json', name: 'Redis', stopSignal: 'SIGTERM' },
  { file: 'postgres.json', name: 'PostgreSQL', stopSignal: 'SIGINT' },
] as const;

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that an interrupted write leaves the old content. */
function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/**
 * @returns whether the folder is new
 * @throws EmbeddedError when it was made by a version whose data this one cannot read
 */
function checkVersion(folder: string): boolean {
  const file = join(folder, 'version.json');
  if (!existsSync(file)) {
    if (existsSync(join(folder, 'postgres'))) {
      throw new EmbeddedError(
        `${folder} has data but no version.json: move it away to start anew, or restore that file`,
      );
    }
    writeJson(file, OWN_VERSION);
    return true;
  }
  const found = readJson(file) as Partial<DataFolderVersion> | undefined;
  if (found?.layout === OWN_VERSION.layout && found.postgresMajor === OWN_VERSION.postgresMajor) return false;
  throw new EmbeddedError(
    [
      `${folder} was made by another version of Tollkeeper (layout ${found?.layout ?? 'unknown'}, PostgreSQL ${found?.postgresMajor ?? 'unknown'};`,
      `this one has layout ${OWN_VERSION.layout}, PostgreSQL ${OWN_VERSION.postgresMajor}): start the version that made it to keep using this data,`,
      'or move the folder away to start anew, or choose another with TOLLKEEPER_DATA_FOLDER',
    ].join(' '),
  );
}

/** Ends what a killed supervisor left running on this folder: first the programs of ours, then the servers they use. */
async function stopLeftovers(folder: string, say: Say): Promise<void> {
  const run = join(folder, 'run');
  if (!existsSync(run)) return;
  const servers: ReadonlySet<string> = new Set(SERVERS.map(({ file }) => file));
  for (const file of readdirSync(run).filter((name) => name.endsWith('.json') && !servers.has(name))) {
    await stopLeftover(join(run, file), basename(file, '.json'), 'SIGTERM', say);
  }
  for (const { file, name, stopSignal } of SERVERS) await stopLeftover(join(run, file), name, stopSignal, say);
}

/**
 * Takes a data folder for this process, making it when it is missing, and ends what an earlier, killed run left running on it.
 * @throws EmbeddedError when another process is using it or another version made it
 */
export async function holdDataFolder(folder: string, say: Say): Promise<HeldDataFolder> {
  mkdirSync(folder, { recursive: true });
  // Others may pass through (PostgreSQL's account must), but not look around.
  chmodSync(folder, 0o711);
  const lock = tryLock(join(folder, 'supervisor.lock'));
  if (!lock.held) {
    throw new EmbeddedError(
      `${folder} is in use by another Tollkeeper (process ${lock.holder.pid}): stop that one first, or choose another folder with TOLLKEEPER_DATA_FOLDER`,
    );
  }
  try {
    const isNew = checkVersion(folder);
    await stopLeftovers(folder, say);
    return { path: folder, isNew, release: lock.release };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * The ports of this start: those the person chose, else those of the last start, else the preferred ones, each only when it is free.
 * They are kept for the next start, so that addresses people have noted go on working.
 * @returns every port; one that the person chose is not checked here but when its part starts
 */
export async function choosePorts(
  folder: string,
  chosen: PortSettings,
  say: Say,
): Promise<Record<keyof PortSettings, number>> {
  const file = join(folder, 'ports.json');
  const saved = (readJson(file) ?? {}) as Partial<Record<string, number>>;
  const ports: Record<keyof PortSettings, number> = { ...PREFERRED_PORTS };
  for (const name of PORT_NAMES) {
    const usual = saved[name] ?? PREFERRED_PORTS[name];
    ports[name] = chosen[name] ?? ((await isPortFree(usual)) ? usual : await freePort());
    if (chosen[name] === undefined && saved[name] !== undefined && saved[name] !== ports[name]) {
      say(`port ${saved[name]} of the last start (${name}) is taken: using ${ports[name]}`);
    }
  }
  writeJson(file, ports);
  return ports;
}
