/**
 * C functions that a step may add to a source file, once per file, when HPy has no single call for what the C API
 * did. They are `static inline`-like helpers with the prefix `hpyx_`; a file that already defines one keeps its own.
 */
export interface SupportFunction {
  readonly name: string;
  /** Other support functions that must stand before this one. */
  readonly requires: readonly string[];
  /** Standard headers it needs, such as `<string.h>`. */
  readonly includes: readonly string[];
  /** True when the code calls the C API, so that the caller counts as bridged. */
  readonly bridged: boolean;
  /** The definition, ending in a newline, with a comment that says what it reproduces. 4-space indentation, `\n`. */
  readonly code: string;
}
