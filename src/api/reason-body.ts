import { z } from 'zod';

const REASON_CHARACTERS_MAX = 500;

/** Bytes that a command's body may have. */
export const REASON_BYTES_MAX = 16_384;

/** The body of commands: why, for those who read it later. */
export const REASON_BODY = z.strictObject({
  reason: z
    .string('must be text')
    .trim()
    .min(1, 'must not be empty')
    .max(REASON_CHARACTERS_MAX, `must have at most ${REASON_CHARACTERS_MAX} characters`)
    .optional(),
});
