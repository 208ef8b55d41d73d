import { setTimeout as pause } from 'node:timers/promises';

import type { EventResult } from '../../src/domain/outcome.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';
import { ingestRequest } from '../support/ingest-request.ts';
import type { IngestStack } from './ingest-stack.ts';

const ATTEMPTS_MAX = 600;
const RETRY_PAUSE_MS = 50;

/**
 * Sends the same events with the same ids until the service says what came of them.
 *
 * @param onUnavailable told of every 503
 * @throws Error for any other answer, and when the service does not come back
 */
export async function sendUntilAnswered(
  { service }: Pick<IngestStack, 'service'>,
  secret: string,
  events: readonly unknown[],
  onUnavailable: () => void = () => undefined,
): Promise<readonly EventResult[]> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { status, body } = await takeEvents(service, ingestRequest(secret, events));
    if ('results' in body) return body.results;
    if (status !== 503) throw new Error(`status ${status}: ${JSON.stringify(body)}`);
    onUnavailable();
    await pause(RETRY_PAUSE_MS);
  }
  throw new Error('the service did not come back');
}
