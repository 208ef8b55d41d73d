/**
 * How long a hold that was settled or has run out is remembered, so that a repeated call is told the same. Behind it a repeated commit is
 * still known by its event's id; 100 holds a second are some 90 MB in this time.
 */
export const HOLD_KEPT_MS = 3_600_000;

/** Open holds of one tenant: a rebuild puts all of them back in one step, which takes some 20 ms then. */
export const OPEN_HOLDS_MAX = 10_000;

/** The longest time for which units can be held. */
export const HOLD_SECONDS_MAX = 86_400;
