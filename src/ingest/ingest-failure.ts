/** The codes of answers that are no 200. */
export type FailureCode =
  'unauthenticated' | 'forbidden' | 'unsupported_media_type' | 'too_large' | 'unreadable' | 'unavailable';

const STATUSES: Readonly<Record<FailureCode, number>> = {
  unauthenticated: 401,
  forbidden: 403,
  unsupported_media_type: 415,
  too_large: 413,
  unreadable: 400,
  unavailable: 503,
};

/** The whole request is refused. Carries what the HTTP answer says. */
export class IngestFailure extends Error {
  override readonly name = 'IngestFailure';
  readonly code: FailureCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: FailureCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = STATUSES[code];
    this.headers = headers;
  }
}
