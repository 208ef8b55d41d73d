import { readFileSync } from 'node:fs';

import type { MeterConnection } from './meter-connection.ts';

type Argument = string | number | Buffer;

/** A script by name: the number of keys, the keys, then its arguments. Each is described at the head of its `.lua` file. */
type Script<Result> = (keyCount: number, ...keysAndArguments: Argument[]) => Promise<Result>;

/** A Redis connection on which the meter's scripts are known. */
export interface MeterRedis extends MeterConnection {
  readonly recordUsage: Script<(string | number)[]>;
  readonly readLimits: Script<(string | string[])[]>;
  readonly reserveUnits: Script<string[]>;
  readonly settleHolds: Script<string[]>;
  readonly advanceGate: Script<string[]>;
  readonly advanceCatalogue: Script<string>;
  readonly beginRebuild: Script<string[]>;
  readonly installTenant: Script<string>;
  readonly fenceShard: Script<string>;
  readonly installEpoch: Script<string>;
  readonly rescueTail: Script<string[]>;
  readonly trimJournal: Script<number>;
  readonly repairCounter: Script<string>;
  readonly pinShard: Script<string>;
  readonly readAccounts: Script<(string | string[])[]>;
}

/** The script `<name>` begins in `<name>.lua`. */
const SCRIPT_NAMES = [
  'recordUsage',
  'readLimits',
  'reserveUnits',
  'settleHolds',
  'advanceGate',
  'advanceCatalogue',
  'beginRebuild',
  'installTenant',
  'fenceShard',
  'installEpoch',
  'rescueTail',
  'trimJournal',
  'repairCounter',
  'pinShard',
  'readAccounts',
] as const;

/** Files that stand behind the one of a script's name, as further parts of the same script: they share its locals. */
const FURTHER_PARTS: Readonly<Partial<Record<(typeof SCRIPT_NAMES)[number], readonly string[]>>> = {
  recordUsage: ['recordUsage-held', 'recordUsage-judge', 'recordUsage-write'],
};

const sources = SCRIPT_NAMES.map((name) => {
  const parts = [name, ...(FURTHER_PARTS[name] ?? [])];
  const texts = parts.map((part) => readFileSync(new URL(`./${part}.lua`, import.meta.url), 'utf8'));
  return [name, texts.join('\n')] as const;
});

/** Makes the scripts methods of a connection. ioredis sends their text once per connection, then their digest. */
export function defineCommands(redis: MeterConnection): MeterRedis {
  for (const [name, lua] of sources) redis.defineCommand(name, { lua });
  return redis as MeterRedis;
}
