import type { Readable } from 'node:stream';

/**
 * Reads a stream to its end, or until more than `bytesMax` bytes have come: then what was read is answered, so that its length tells,
 * and the stream is left open, because its socket still has to carry the answer. By events, since an asynchronous iterator costs
 * more than all else that a small request needs. Rejects when the stream breaks off.
 */
export function readStream(stream: Readable, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const leave = (): void => {
      stream.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    };
    const onEnd = (): void => {
      leave();
      const [only] = chunks;
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, bytes));
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= bytesMax) return;
      stream.pause();
      onEnd();
    };
    const onError = (error: Error): void => {
      leave();
      reject(error);
    };
    const onClose = (): void => onError(new Error('the stream was closed before its end'));
    // A sender may leave while the key is looked up: nothing would ever be heard of its stream again.
    if (stream.destroyed) {
      onClose();
      return;
    }
    stream.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
  });
}
