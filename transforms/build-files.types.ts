import type { Span } from "../syntax/source.ts";

/** Edits of one build file, on offsets of the text that was given; sorted, not overlapping. */
export interface BuildFileChange {
  readonly path: string;
  /** `create`: the file does not exist yet, and the edits are one insertion at 0. */
  readonly kind: "edit" | "create";
  readonly edits: readonly { readonly start: number; readonly end: number; readonly text: string }[];
}

/** What the maintainer has to do by hand; while there is one for a module, that module cannot be built with HPy. */
export interface BuildFileRefusal {
  readonly id: "build-file-unsupported";
  readonly path: string;
  readonly span: Span;
  readonly message: string;
  /** The modules that it concerns. */
  readonly modules: readonly string[];
}

export interface BuildFilePlan {
  readonly changes: readonly BuildFileChange[];
  /** What a reviewer should know: new build requirements, what to add for hybrid wheels. */
  readonly notes: readonly string[];
  readonly refusals: readonly BuildFileRefusal[];
}
