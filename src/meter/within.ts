/**
 * Awaits a promise, but not longer than a time. What becomes of it later is nobody's any more: a late failure is told to no one.
 *
 * @param tooLate makes the error of a time that is up
 */
export async function within<T>(timeoutMs: number, promise: Promise<T>, tooLate: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate()), timeoutMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
