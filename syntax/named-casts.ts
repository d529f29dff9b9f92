/**
 * Casts of C++ in the shape of casts of C: the grammar reads `static_cast<T>(x)` as a call of a template, which hides
 * from every later pass that `x` is the same value. The node becomes a `cast_expression` with the fields `type` and
 * `value`; the tokens stay. `dynamic_cast` stays a call, because its result may be null where its operand is not.
 */

import type { SymbolTable } from "./columns.ts";
import type { Columns } from "./tree.ts";

const NAMED_CASTS: ReadonlySet<string> = new Set(["static_cast", "reinterpret_cast", "const_cast"]);

/** The columns with such casts rewritten; `text` is what was parsed, with the offsets of the columns. */
export function normaliseNamedCasts(columns: Columns, table: SymbolTable, text: string): Columns {
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
  const cast = symbols.indexOf("cast_expression");
  const typeField = fields.indexOf("type");
  const valueField = fields.indexOf("value");
  let drops = 0;
  for (let n = 0; n < symbol.length; n++) {
    if (kind(n) !== "call_expression" || kind(n + 1) !== "template_function") continue;
    const [callee, list] = named(n);
    if (callee !== n + 1 || list === undefined || kind(list) !== "argument_list") continue;
    const [name, types] = named(callee);
    if (name === undefined || types === undefined || !NAMED_CASTS.has(text.slice(start[name], end[name]))) continue;
    const [type, ...moreTypes] = named(types);
    const [value, ...moreValues] = named(list);
    if (type === undefined || value === undefined || moreTypes.length + moreValues.length > 0) continue;
    if (kind(type) !== "type_descriptor") continue;
    symbol[n] = cast;
    for (const inner of [callee, types, list]) dropped[inner] = 1;
    drops += 3;
    field[name] = 0;
    field[type] = typeField;
    field[value] = valueField;
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
