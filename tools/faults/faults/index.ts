import type { Fault } from '../fault.ts';
import { answersCut } from './connections.ts';
import { everythingFlushed, keysDeleted } from './data-losses.ts';
import { shuffledDuplicates } from './duplicates.ts';
import { apiKilled, postgresKilled, redisKilled, workerKilled } from './kills.ts';
import { apiPaused, postgresPaused, redisPaused, workerPaused } from './pauses.ts';
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
  everythingFlushed,
  keysDeleted,
  shuffledDuplicates,
];
