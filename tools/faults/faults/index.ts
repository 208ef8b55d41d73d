import type { Fault } from '../fault.ts';
import { clockStepped } from './clocks.ts';
import { replicaPromoted, slotMoved } from './cluster.ts';
import { answersCut } from './connections.ts';
import { everythingFlushed, keysDeleted } from './data-losses.ts';
import { shuffledDuplicates } from './duplicates.ts';
import { diskFull, memoryFull } from './full-stores.ts';
import { apiKilled, postgresKilled, redisKilled, workerKilled } from './kills.ts';
import { apiPaused, postgresPaused, redisPaused, workerPaused } from './pauses.ts';
import { powerCut } from './power-cut.ts';
import { twoReleases } from './releases.ts';
import { olderCopy, olderLedger } from './restored.ts';
import { scriptFlushed } from './script-flush.ts';

/** All faults, in the order of the table. */
export const FAULTS: readonly Fault[] = [
  redisKilled,
  apiKilled,
  workerKilled,
  postgresKilled,
  redisPaused,
  apiPaused,
  workerPaused,
  postgresPaused,
  answersCut,
  scriptFlushed,
  powerCut,
  everythingFlushed,
  keysDeleted,
  olderCopy,
  olderLedger,
  replicaPromoted,
  slotMoved,
  diskFull,
  memoryFull,
  clockStepped,
  twoReleases,
  shuffledDuplicates,
];
