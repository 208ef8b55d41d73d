const NUL = '\u0000';

/** Whether a text can be stored as it is: PostgreSQL takes no U+0000, and half of a surrogate pair has no bytes in UTF-8. */
export function isStorableText(text: string): boolean {
  return !text.includes(NUL) && text.isWellFormed();
}

/** What is said of a text that is not. */
export const UNSTORABLE_TEXT = 'has U+0000 or half of a surrogate pair, which cannot be stored: leave it out';
