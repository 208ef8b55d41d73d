import type { Call, CallTarget } from './http-caller.ts';
import { openCall } from './http-caller.ts';
import { TollkeeperError } from './tollkeeper-error.ts';

/** The service sends an empty line every few seconds while it works: a longer silence means that nobody is there any more. */
const SILENCE_MS_MAX = 60_000;
const LINE_CHARACTERS_MAX = 1_000_000;

/**
 * Sends a request whose answer comes line by line, each a JSON object, and gives the lines as they come. Is not tried again: what
 * was told so far would be told twice.
 *
 * @throws TollkeeperError also when the answer breaks off, or says that it could not be completed
 */
export async function* callLines(target: CallTarget, call: Call): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new DOMException('silent for too long', 'TimeoutError')), SILENCE_MS_MAX);
  };
  heard();
  let isComplete = false;
  try {
    const response = await openCall(target, call, silence.signal);
    for await (const text of linesOf(response, heard)) {
      const line = JSON.parse(text) as Readonly<Record<string, unknown>>;
      if (line['error'] !== undefined) throw toldError(line['error']);
      isComplete ||= line['result'] !== undefined;
      yield line;
    }
  } catch (error) {
    if (error instanceof TollkeeperError) throw error;
    throw brokenOff(target, error);
  } finally {
    clearTimeout(timer);
  }
  if (!isComplete) throw brokenOff(target);
}

async function* linesOf(response: Response, heard: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const bytes of response.body ?? []) {
    heard();
    held += decoder.decode(bytes as Uint8Array, { stream: true });
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    if (held.length > LINE_CHARACTERS_MAX) throw new RangeError('a line without an end');
    for (const line of lines) if (line !== '') yield line;
  }
}

function toldError(error: unknown): TollkeeperError {
  const { code, message } = error as { code: string; message: string };
  return new TollkeeperError({ status: 503, code, message });
}

function brokenOff(target: CallTarget, cause?: unknown): TollkeeperError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  const message = `the answer of the Tollkeeper API at ${target.baseUrl} broke off before its end${reason}`;
  return new TollkeeperError({ status: 0, code: 'answer_broken_off', message }, undefined, cause);
}
