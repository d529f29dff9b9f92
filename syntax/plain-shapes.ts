/**
 * Expressions of C++ in the shape that they have in C, so that no later pass has to know two grammars:
 *
 * - `static_cast<T>(x)`, which the grammar reads as a call of a template, is a `cast_expression` with the fields `type`
 *   and `value`. `dynamic_cast` stays a call, because its result may be null where its operand is not.
 * - The condition of an `if`, `while` or `switch` that declares nothing is a `parenthesized_expression`.
 * - A subscript has its one index in the field `index`.
 *
 * The tokens stay; only nodes around them go, or have another kind.
 */

import type { SymbolTable } from "./columns.ts";
import type { Columns } from "./tree.ts";

const NAMED_CASTS: ReadonlySet<string> = new Set(["static_cast", "reinterpret_cast", "const_cast"]);

/** The columns with such expressions rewritten; `text` is what was parsed, with the offsets of the columns. */
export function inPlainShapes(columns: Columns, table: SymbolTable, text: string): Columns {
  if (table.grammar.language !== "cpp") return columns;
  const { symbols, fields } = table.grammar;
  const { symbol, field, start, end, next, parent, flags } = columns;
  const kind = (n: number): string => symbols[symbol[n] as number] ?? "";
  const isNamed = (n: number): boolean => ((flags[n] as number) & 1) !== 0 && kind(n) !== "comment";
  const named = (n: number): number[] => {
    const found: number[] = [];
    for (let c = n + 1; c < (next[n] as number); c = next[c] as number) if (isNamed(c)) found.push(c);
    return found;
  };
  const dropped = new Uint8Array(symbol.length);
  let drops = 0;
  const cast = symbols.indexOf("cast_expression");
  const parentheses = symbols.indexOf("parenthesized_expression");
  const [typeField, valueField, indexField] = ["type", "value", "index"].map((name) => fields.indexOf(name));
  const readCast = (n: number): void => {
    const [callee, list] = named(n);
    if (callee !== n + 1 || list === undefined || kind(list) !== "argument_list") return;
    const [name, types] = named(callee);
    if (name === undefined || types === undefined || !NAMED_CASTS.has(text.slice(start[name], end[name]))) return;
    const [type, ...moreTypes] = named(types);
    const [value, ...moreValues] = named(list);
    if (type === undefined || value === undefined || moreTypes.length + moreValues.length > 0) return;
    if (kind(type) !== "type_descriptor") return;
    symbol[n] = cast;
    for (const inner of [callee, types, list]) dropped[inner] = 1;
    drops += 3;
    field[name] = 0;
    field[type] = typeField as number;
    field[value] = valueField as number;
  };
  for (let n = 0; n < symbol.length; n++) {
    switch (kind(n)) {
      case "call_expression":
        if (kind(n + 1) === "template_function") readCast(n);
        break;
      case "condition_clause": {
        const [value, ...more] = named(n);
        if (value === undefined || more.length > 0 || kind(value) === "declaration") break;
        symbol[n] = parentheses;
        field[value] = 0;
        break;
      }
      case "subscript_argument_list": {
        const [index, ...more] = named(n);
        if (index === undefined || more.length > 0) break;
        dropped[n] = 1;
        drops++;
        field[index] = indexField as number;
        break;
      }
      default:
    }
  }
  if (drops === 0) return columns;
  const place = new Int32Array(symbol.length + 1);
  for (let n = 0, at = 0; n <= symbol.length; n++) {
    place[n] = at;
    if (dropped[n] !== 1) at++;
  }
  const isKept = (_: number, n: number): boolean => dropped[n] !== 1;
  const holder = (n: number): number => {
    let at = n;
    while (at >= 0 && dropped[at] === 1) at = parent[at] as number;
    return at < 0 ? at : (place[at] as number);
  };
  return {
    symbol: symbol.filter(isKept),
    field: field.filter(isKept),
    flags: flags.filter(isKept),
    start: start.filter(isKept),
    end: end.filter(isKept),
    parent: parent.map((n) => holder(n)).filter(isKept),
    next: next.map((n) => place[n] as number).filter(isKept),
  };
}
