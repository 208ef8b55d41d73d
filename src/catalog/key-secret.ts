import { createHash } from 'node:crypto';

/** RFC 4648 base32 in lower case: no character that a line wrap, a shell or a person easily spoils. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const SECRET_BYTES = 20;
const CHECKSUM_CHARACTERS = 6;
/** `tk_test_` and four random ones. */
const PREFIX_CHARACTERS = 12;
const FORM = /^tk_(?:test|live)_[a-z2-7]{38}$/;

/**
 * Writes the secret of a key: `tk_<mode>_`, 160 random bits as 32 characters, and 6 characters of checksum, by which a mistyped
 * or cut key is refused without asking the database, and scanners of leaked secrets can tell a real one.
 *
 * @param randomness exactly 20 bytes
 */
export function makeSecret(mode: 'test' | 'live', randomness: Buffer): string {
  if (randomness.length !== SECRET_BYTES) throw new RangeError(`a key needs ${SECRET_BYTES} random bytes`);
  const body = `tk_${mode}_${base32(randomness)}`;
  return body + checksum(body);
}

/** Whether a text has the form of a secret and its checksum is right. Says nothing of whether such a key exists. */
export function isWellFormedSecret(text: string): boolean {
  if (!FORM.test(text)) return false;
  return checksum(text.slice(0, -CHECKSUM_CHARACTERS)) === text.slice(-CHECKSUM_CHARACTERS);
}

/** How a secret begins, for lists: enough to tell keys apart, too little to guess one. */
export function secretPrefix(secret: string): string {
  return secret.slice(0, PREFIX_CHARACTERS);
}

function checksum(body: string): string {
  return base32(createHash('sha256').update(body, 'utf8').digest()).slice(0, CHECKSUM_CHARACTERS);
}

function base32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}
