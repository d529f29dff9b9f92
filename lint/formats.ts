import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** One unit of an argument format. */
export interface FormatUnit {
  /** One character with its suffix: `O`, `s#`, `O!`. */
  readonly unit: string;
  readonly optional: boolean;
}

/** Text of a string literal (adjacent literals joined), or null for anything else. Escapes stay as written. */
export function stringText(tree: Tree, n: Node): string | null {
  switch (tree.kind(n)) {
    case "parenthesized_expression": {
      const inner = tree.named(n)[0];
      return inner === undefined ? null : stringText(tree, inner);
    }
    case "string_literal": {
      const source = tree.source(n);
      const open = source.indexOf('"');
      return source.slice(open + 1, source.lastIndexOf('"'));
    }
    case "concatenated_string": {
      const parts = tree.named(n).map((c) => stringText(tree, c));
      return parts.some((p) => p === null) ? null : parts.join("");
    }
    default:
      return n === NONE ? null : null;
  }
}

/** Units of an `HPyArg_Parse` format up to `:` or `;`. */
export function formatUnits(format: string): { readonly units: FormatUnit[]; readonly groups: boolean } {
  const units: FormatUnit[] = [];
  let optional = false;
  let groups = false;
  for (let i = 0; i < format.length; i++) {
    const c = format[i] as string;
    if (c === ":" || c === ";") break;
    if (c === "|" || c === "$") {
      optional = true;
      continue;
    }
    if (c === "(" || c === ")") {
      groups = true;
      continue;
    }
    let unit = c;
    while (i + 1 < format.length && "#*!&".includes(format[i + 1] as string)) unit += format[++i];
    units.push({ unit, optional });
  }
  return { units, groups };
}
