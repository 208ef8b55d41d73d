import type { Socket } from 'node:net';
import { Client } from 'pg';

/** A statement to run, prepared before under this name, with its parameters as text. */
export interface BoundStatement {
  readonly name: string;
  readonly values: readonly string[];
}

const BYTE_D = 0x44;
const BYTE_E = 0x45;
const BYTE_Z = 0x5a;
const HEAD_BYTES = 5;

/**
 * A connection that sends prepared statements together and waits once for all of them. The usual driver spends five times as much on
 * the same work, and a competitor must not be slowed by its client; so the driver only connects and prepares, and its socket is
 * then spoken to directly, in the extended query protocol.
 */
export class UsualWayConnection {
  readonly #client: Client;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #rows: string[][] = [];
  #waiting: { resolve: (rows: string[][]) => void; reject: (error: Error) => void } | undefined;

  private constructor(client: Client) {
    this.#client = client;
    this.#socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
    this.#socket.removeAllListeners('data');
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Connects and prepares. Each statement is run once in a transaction that is rolled back, which is how the driver prepares. */
  static async open(
    databaseUrl: string,
    statements: readonly { readonly name: string; readonly text: string; readonly values: readonly string[] }[],
  ): Promise<UsualWayConnection> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    for (const { name, text, values } of statements) await client.query({ name, text, values: [...values] });
    return new UsualWayConnection(client);
  }

  /** Runs statements in order with one answer from the server. @returns the rows of all of them, columns as text */
  run(statements: readonly BoundStatement[]): Promise<string[][]> {
    const messages = statements.map(bindAndExecute);
    this.#rows = [];
    this.#socket.write(Buffer.concat([...messages, SYNC]));
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
    this.#client.end().catch(() => undefined);
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let offset = 0;
    while (this.#received.length - offset >= HEAD_BYTES) {
      const end = offset + 1 + this.#received.readUInt32BE(offset + 1);
      if (end > this.#received.length) break;
      this.#message(this.#received.readUInt8(offset), this.#received.subarray(offset + HEAD_BYTES, end));
      offset = end;
    }
    this.#received = this.#received.subarray(offset);
  }

  #message(kind: number, content: Buffer): void {
    if (kind === BYTE_D) this.#rows.push(readRow(content));
    if (kind === BYTE_E) this.#waiting?.reject(new Error(`PostgreSQL refused: ${content.toString('utf8')}`));
    if (kind === BYTE_Z) this.#waiting?.resolve(this.#rows);
  }
}

function readRow(content: Buffer): string[] {
  const columns: string[] = [];
  let offset = 2;
  for (let column = content.readUInt16BE(0); column > 0; column -= 1) {
    const length = content.readInt32BE(offset);
    columns.push(length < 0 ? '' : content.toString('latin1', offset + 4, offset + 4 + length));
    offset += 4 + Math.max(length, 0);
  }
  return columns;
}

const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
/** `E`: unnamed portal, all rows. */
const EXECUTE = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);

/** `B`: unnamed portal, the statement's name, every parameter and column as text. */
function bindAndExecute({ name, values }: BoundStatement): Buffer {
  const length = 4 + 1 + name.length + 1 + 2 + 2 + values.reduce((sum, value) => sum + 4 + value.length, 0) + 2;
  const bind = Buffer.alloc(1 + length);
  let offset = bind.write('B', 'latin1');
  offset = bind.writeUInt32BE(length, offset) + 1;
  offset += bind.write(name, offset, 'latin1') + 1;
  offset = bind.writeUInt16BE(values.length, offset + 2);
  for (const value of values) {
    offset = bind.writeUInt32BE(value.length, offset);
    offset += bind.write(value, offset, 'latin1');
  }
  return Buffer.concat([bind, EXECUTE]);
}
