import type { ServerResponse } from 'node:http';

import { dependencyFault } from './dependency-faults.ts';

/**
 * An answer that is told line by line, because it takes long: each line is one JSON object with one member, which says what it
 * is. The last one is `result`, or `error`; an answer that ends without either was cut off.
 */
export class LineStream {
  readonly lines: (signal: AbortSignal) => AsyncIterable<Readonly<Record<string, unknown>>>;

  /** @param lines is given a signal that is aborted when the asker has gone */
  constructor(lines: (signal: AbortSignal) => AsyncIterable<Readonly<Record<string, unknown>>>) {
    this.lines = lines;
  }
}

/** The media type of such an answer. */
export const LINES_TYPE = 'application/x-ndjson';

/** An empty line is sent so often while nothing is to be told, so that nobody on the way takes the connection for dead. */
const HEARTBEAT_MS = 5_000;

/** Sends the lines as they come. What fails on the way is told as the last line. @param onFault is told what it was */
export async function sendLines(
  response: ServerResponse,
  stream: LineStream,
  onFault: (error: unknown) => void,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.setHeader('content-type', LINES_TYPE);
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write('\n'), HEARTBEAT_MS);
  try {
    for await (const line of stream.lines(gone.signal)) {
      if (gone.signal.aborted) return;
      // Lines are few and short: what the socket does not take at once waits in memory.
      response.write(`${JSON.stringify(line)}\n`);
    }
  } catch (error) {
    if (gone.signal.aborted) return;
    onFault(error);
    response.write(`${JSON.stringify({ error: faultOf(error) })}\n`);
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

function faultOf(error: unknown): { readonly code: string; readonly message: string } {
  const fault = dependencyFault(error);
  if (fault !== undefined) return { code: fault.details.code, message: fault.details.message };
  if (error instanceof Error && error.name === 'CounterAuditError')
    return { code: 'not_checked', message: error.message };
  return { code: 'internal_error', message: 'the service failed on this request; its log says why' };
}
