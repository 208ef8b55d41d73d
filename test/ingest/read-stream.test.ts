import { once } from 'node:events';
import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { readStream } from '../../src/ingest/read-stream.ts';

const BYTES_MAX = 4;

test('a stream is read to its end', async () => {
  const stream = new PassThrough();
  const read = readStream(stream, BYTES_MAX);
  stream.write('ab');
  stream.end('cd');
  expect((await read).toString()).toBe('abcd');
});

test('what is too long is answered as soon as that is known, and the stream stays open', async () => {
  const stream = new PassThrough();
  stream.write('abcdef');
  expect((await readStream(stream, BYTES_MAX)).length).toBeGreaterThan(BYTES_MAX);
  expect(stream.destroyed).toBe(false);
});

test('a stream that breaks off is an error, also where it did before anybody read it', async () => {
  const stream = new PassThrough();
  const read = readStream(stream, BYTES_MAX);
  stream.write('ab');
  stream.destroy();
  await expect(read).rejects.toThrow(/closed before its end/);

  const gone = new PassThrough();
  gone.destroy();
  await once(gone, 'close');
  await expect(readStream(gone, BYTES_MAX)).rejects.toThrow(/closed before its end/);
}, 2_000);
