import type { IngestService } from '../ingest/ingest-service.ts';
import { commitReservation, readReservation, releaseReservation } from '../ingest/settle-reservation.ts';
import { takeReservation } from '../ingest/take-reservation.ts';
import type { ReservationStation } from './api-deps.ts';

/** What the routes of reservations ask. */
export function openReservations(ingest: IngestService): ReservationStation {
  return {
    take: (request) => takeReservation(ingest, request),
    commit: (commit) => commitReservation(ingest, commit),
    release: (question) => releaseReservation(ingest, question),
    read: (question) => readReservation(ingest, question),
  };
}
