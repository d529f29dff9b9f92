import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { expandTemplate, templateIdentifiers, templateParts } from "./expand-template.ts";
import type { Rule, RuleCondition } from "./rule.ts";

/** A row of a rule file. What can be worked out of the rest is left out. */
export interface RuleRow {
  readonly id: string;
  readonly template: string;
  readonly when?: RuleCondition;
  /** Template where `when` does not hold. */
  readonly otherwise?: string;
  readonly variadic?: "null-terminated";
  readonly result?: "truth";
  /** What differs, a whole sentence. */
  readonly note?: string;
  /** `review` when a reviewer should look at the note; the default is `safe`. */
  readonly safety?: "review";
  readonly summary: string;
  readonly why: string;
  /** The call in C, on the variables that the example environment declares. The HPy text follows from the template. */
  readonly example: string;
}

/** Why a call that HPy names alike is faithful. */
const SAME_CALL = "On the CPython ABI of HPy 0.9 it is this very call (hpy/cpython/autogen_api_impl.h and misc.h).";

/** A row whose HPy function takes the same arguments in the same order after the context. */
export function direct(
  id: string,
  example: string,
  hpy: string,
  summary: string,
  more: Pick<RuleRow, "note" | "safety" | "when" | "result"> & { readonly why?: string } = {},
): RuleRow {
  const placeholders = splitCall(example).arguments.map((_, index) => `, $${index}`);
  const { why = SAME_CALL, ...rest } = more;
  return { id, template: `${hpy}($ctx${placeholders.join("")})`, summary, why, example, ...rest };
}

/**
 * The rules of one family, in the order of their ids.
 *
 * @throws RangeError for a row that is not well formed: rows are our own data, and a mistake must not get past loading.
 */
export function defineRules(family: string, rows: readonly RuleRow[]): readonly Rule[] {
  const rules = rows.map((row) => {
    try {
      return ruleOf(row);
    } catch (error) {
      throw new RangeError(`${family}: ${row.id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  for (const [index, rule] of rules.entries()) {
    const previous = rules[index - 1];
    if (previous !== undefined && previous.id >= rule.id) {
      throw new RangeError(`${family}: ${rule.id} must stand before ${previous.id}`);
    }
  }
  return rules;
}

function ruleOf(row: RuleRow): Rule {
  const call = splitCall(row.example);
  if (!CAPI_FUNCTIONS.has(call.callee)) throw new RangeError(`${call.callee} is not a C-API function`);
  if (row.safety === "review" && row.note === undefined) throw new RangeError("a rule to review needs a note");
  const isVariadic = templateParts(row.template).some((part) => part.kind === "rest");
  const written = handleArguments(call.callee, call.arguments);
  if (row.variadic === "null-terminated" && call.arguments.at(-1) !== "NULL")
    throw new RangeError("NULL must end the example");
  const after = expandTemplate(row.template, {
    context: "ctx",
    arguments: row.variadic === "null-terminated" ? written.slice(0, -1) : written,
    sources: call.arguments,
  });
  return {
    id: row.id,
    capi: call.callee,
    arity: isVariadic ? "variadic" : call.arguments.length,
    template: row.template,
    support: supportNames(row.template),
    ...(row.when === undefined ? {} : { when: row.when }),
    ...(row.otherwise === undefined
      ? {}
      : { otherwise: { template: row.otherwise, support: supportNames(row.otherwise) } }),
    ...(row.variadic === undefined ? {} : { variadic: row.variadic }),
    ...(row.result === undefined ? {} : { result: row.result }),
    safety: row.safety ?? "safe",
    ...(row.note === undefined ? {} : { note: row.note }),
    summary: row.summary,
    why: row.why,
    example: { before: row.example, after },
  };
}

function supportNames(template: string): string[] {
  return [...new Set(templateIdentifiers(template).filter((name) => name.startsWith("hpyx_")))];
}

/** Constants of the C API that examples use, as HPy writes them. */
const CONSTANTS: ReadonlyMap<string, string> = new Map([
  ["Py_None", "ctx->h_None"],
  ["PyExc_OSError", "ctx->h_OSError"],
  ["PyExc_OverflowError", "ctx->h_OverflowError"],
  ["PyExc_RuntimeWarning", "ctx->h_RuntimeWarning"],
  ["PyExc_StopIteration", "ctx->h_StopIteration"],
  ["PyExc_TypeError", "ctx->h_TypeError"],
  ["PyExc_ValueError", "ctx->h_ValueError"],
  ["&PyLong_Type", "ctx->h_LongType"],
  ["Py_LT", "HPy_LT"],
]);

function handleArguments(callee: string, texts: readonly string[]): string[] {
  const parameters = CAPI_FUNCTIONS.get(callee)?.parameters ?? [];
  return texts.map((text, index) => {
    const ownership = parameters[index]?.ownership ?? "plain";
    if (text === "NULL" && ownership !== "plain") return "HPy_NULL";
    return CONSTANTS.get(text) ?? text;
  });
}

/** The callee and the arguments of a call without strings that hold commas or parentheses. */
function splitCall(example: string): { readonly callee: string; readonly arguments: readonly string[] } {
  const open = example.indexOf("(");
  if (open < 1 || !example.endsWith(")")) throw new RangeError(`${example} is not a call`);
  const callee = example.slice(0, open);
  const inside = example.slice(open + 1, -1).trim();
  return { callee, arguments: inside === "" ? [] : inside.split(",").map((argument) => argument.trim()) };
}
