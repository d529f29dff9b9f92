import type { Node, Tree } from "../syntax/tree.ts";

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
      return null;
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

const VALUE_UNITS = "iIlkLKnfdsOS()[]{},:";

/** Characters of an `HPy_BuildValue` format that it does not know. Source: buildvalue.c of HPy 0.9. */
export function unsupportedValueUnits(format: string): string[] {
  const found: string[] = [];
  let braces = 0;
  for (let i = 0; i < format.length; i++) {
    const c = format[i] as string;
    if (c === "{") braces++;
    if (c === "}") braces--;
    const next = format[i + 1];
    const suffixed = next === "#" || next === "&";
    const misplaced = (c === ":" || c === " ") && braces === 0;
    if (suffixed) found.push(`${c}${format[++i]}`);
    else if (misplaced || (c !== " " && !VALUE_UNITS.includes(c))) found.push(c);
  }
  return found;
}

const CONVERSIONS: ReadonlySet<string> = new Set("% c d i u ld li lu lld lli llu zd zi zu x s p A U V S R".split(" "));

/** Conversions of an `HPyErr_Format` or `HPyUnicode_FromFormat` format that HPy does not know. Source: format.c of HPy 0.9. */
export function unsupportedConversions(format: string): string[] {
  const found: string[] = [];
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== "%") continue;
    const start = i++;
    while ("0123456789.".includes(format[i] ?? "end")) i++;
    const from = i;
    while ("hlzjt".includes(format[i] ?? "end")) i++;
    if (!CONVERSIONS.has(format.slice(from, i + 1))) found.push(format.slice(start, i + 1));
  }
  return found;
}
