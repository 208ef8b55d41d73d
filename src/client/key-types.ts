import type { InstantText } from '../domain/instant.ts';

/** Scopes a key can have. */
export type KeyScope = 'ingest' | 'ingest:backfill' | 'read' | 'admin';

/** An API key without its secret. */
export interface KeyView {
  readonly id: string;
  readonly name: string;
  /** How its secret begins; `null` for old keys. */
  readonly prefix: string | null;
  readonly scopes: readonly KeyScope[];
  readonly tenant: string | null;
  readonly createdAt: InstantText;
  readonly expiresAt: InstantText | null;
  readonly revokedAt: InstantText | null;
  /** The key whose place it takes. */
  readonly rotatedFrom: string | null;
  /** To the minute. */
  readonly lastUsedAt: InstantText | null;
}

/** A new key, with the secret that is shown this once. */
export interface NewKeyView extends KeyView {
  readonly secret: string;
}

/** A key that takes the place of another one, which works until its `expiresAt`. */
export interface RotatedKeyView extends NewKeyView {
  readonly old: KeyView;
}

/** What a new key shall be able to do. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Binds the key to one tenant. */
  readonly tenant?: string;
  /** From then on it is no key any more. */
  readonly expiresAt?: InstantText;
}
