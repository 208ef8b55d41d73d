/**
 * Looks at the characters of short plain texts one by one, where a regular expression would cost more than all the rest. These
 * functions only ever say that a text is sound for certain: what they do not know, the rule itself decides.
 */

const ASCII_CHARACTERS = 128;
const FIRST_VISIBLE = 33;
const LAST_VISIBLE = 126;

/** A text that is longer is left to the rule. At most the length that any rule for which this is used allows. */
const SHORT_CHARACTERS_MAX = 64;

/** Which ASCII characters a pattern takes as a whole text: 1 at the places of their codes. */
export function singleCharactersOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: ASCII_CHARACTERS }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Whether a text has 1 to 64 characters, all among the given ones. */
export function isShortTextOf(characters: Uint8Array, text: string): boolean {
  if (text.length === 0 || text.length > SHORT_CHARACTERS_MAX) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (characters[text.charCodeAt(index)] !== 1) return false;
  }
  return true;
}

/** Whether a text is not empty and all of its characters are ASCII that leaves ink: one byte each, no blank, no control. */
export function isVisibleAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < FIRST_VISIBLE || code > LAST_VISIBLE) return false;
  }
  return text.length > 0;
}
