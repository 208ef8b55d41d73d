import type { GroupAnswer } from '../meter/usage-group.ts';
import type { PendingEvent } from './judge-event.ts';

/** Why a group was not applied. */
export type Obstacle = Exclude<GroupAnswer, { kind: 'applied' }>;

/** What became of a parcel. The answers of its events that were judged are where their requests look for them. */
export interface ParcelOutcome {
  /** Why events of it were left; none when all were judged. */
  readonly obstacles: readonly Obstacle[];
  /** Events that were not taken because of an obstacle, in the order of the request. */
  readonly left: readonly PendingEvent[];
}
