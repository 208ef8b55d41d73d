import type { Registry } from 'prom-client';

import type { IngestService } from '../ingest/ingest-service.ts';
import { commitReservation, readReservation, releaseReservation } from '../ingest/settle-reservation.ts';
import { takeReservation } from '../ingest/take-reservation.ts';
import { countReservations } from '../metrics/reservation-metrics.ts';
import type { ReservationStation } from './api-deps.ts';

/** What the routes of reservations ask, with a counter around each step. */
export function openReservations(ingest: IngestService, registry: Registry): ReservationStation {
  const count = countReservations(registry);
  return {
    take: count<ReservationStation['take']>('reserve', (request) => takeReservation(ingest, request)),
    commit: count<ReservationStation['commit']>('commit', (commit) => commitReservation(ingest, commit)),
    release: count<ReservationStation['release']>('release', (question) => releaseReservation(ingest, question)),
    read: (question) => readReservation(ingest, question),
  };
}
