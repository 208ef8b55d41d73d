import { connect, type Socket } from 'node:net';

/** Bytes of one answer that are kept: 1,000 results with a limit each have fewer. */
const ANSWER_BYTES_MAX = 1_048_576;
const READ_BYTES = 65_536;

/** An answer. Its body is only good until the next request is sent. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/**
 * One connection with one request at a time on a plain socket. Node's own HTTP client costs more per request than the service
 * it is meant to measure. It knows what the service answers, not all of HTTP: a `Content-Length` is required.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #received = Buffer.allocUnsafe(ANSWER_BYTES_MAX);
  #length = 0;
  /** Where the answer ends, as soon as its head has been read. */
  #end: number | undefined;
  #bodyStart = 0;
  #onAnswer: ((answer: Answer) => void) | undefined;

  constructor(socketOptions: { readonly host: string; readonly port: number }, onError: (error: Error) => void) {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const onread = {
      buffer,
      callback: (bytes: number): boolean => {
        this.#take(buffer.subarray(0, bytes));
        return true;
      },
    };
    this.#socket = connect({ ...socketOptions, noDelay: true, onread });
    this.#socket.on('error', onError);
    this.#socket.on('close', () => {
      if (this.#onAnswer !== undefined) onError(new Error('the service closed a connection while it owed an answer'));
    });
  }

  /** Sends a request. Its bytes must stay as they are until `onAnswer` was called. */
  send(request: Uint8Array, onAnswer: (answer: Answer) => void): void {
    this.#length = 0;
    this.#end = undefined;
    this.#onAnswer = onAnswer;
    this.#socket.write(request);
  }

  close(): void {
    this.#onAnswer = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received.set(chunk, this.#length);
    this.#length += chunk.length;
    this.#end ??= this.#readHead();
    if (this.#end === undefined || this.#length < this.#end) return;
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    // `HTTP/1.1 200 …`
    const status = Number(this.#received.toString('latin1', 9, 12));
    onAnswer?.({ status, body: this.#received.subarray(this.#bodyStart, this.#end) });
  }

  #readHead(): number | undefined {
    const headEnd = this.#received.subarray(0, this.#length).indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length cannot be read here:\n${head}`);
    this.#bodyStart = headEnd + 4;
    return this.#bodyStart + Number(length);
  }
}
