/** Something wrong with a plan, and where: `{path: 'charges[0].price.bands[1].upTo', message: '…'}`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** A quantity that the price does not cover. Rating answers it as a problem and never bills a part of it. */
export class UnpricedQuantityError extends Error {
  override readonly name = 'UnpricedQuantityError';
}
