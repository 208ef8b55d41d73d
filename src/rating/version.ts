/** The version of the arithmetic: raised when the same inputs may come to another content. Part of every content. */
export const RATING_VERSION = 3;

/** The version of the form of content and recorded inputs: raised when a reader must know another shape. */
export const FORMAT_VERSION = 2;
