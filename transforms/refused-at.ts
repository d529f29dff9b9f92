import { Refused } from "../analysis/typing.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";

/** A refusal whose span lies in a file that is not that of the function in question: a table, or a helper's file. */
export class RefusedAt extends Refused {
  readonly file: ParsedFile;
  constructor(file: ParsedFile, id: string, span: Span, message: string) {
    super(id, span, message);
    this.file = file;
  }
}
