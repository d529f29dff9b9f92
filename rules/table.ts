/** All rules by C-API name, and an answer for every name without rule. */

import { bufferRules } from "./buffer.ts";
import { bytesRules } from "./bytes.ts";
import { callRules } from "./call.ts";
import { capsuleRules } from "./capsule.ts";
import { dictRules } from "./dict.ts";
import { errorsRules } from "./errors.ts";
import { evaluationRules } from "./evaluation.ts";
import { floatRules } from "./float.ts";
import { importRules } from "./import.ts";
import { iterationRules } from "./iteration.ts";
import { listRules } from "./list.ts";
import { longRules } from "./long.ts";
import { mappingRules } from "./mapping.ts";
import { moduleRules } from "./module.ts";
import { numberRules } from "./number.ts";
import { objectRules } from "./object.ts";
import type { Rule, RuleTable, Unmapped } from "./rule.ts";
import { sequenceRules } from "./sequence.ts";
import { setRules } from "./set.ts";
import { sliceRules } from "./slice.ts";
import { tupleRules } from "./tuple.ts";
import { typeRules } from "./type.ts";
import { typeChecksRules } from "./type-checks.ts";
import { unicodeRules } from "./unicode.ts";
import { unmappedFunctions } from "./unmapped.ts";

/** The families in the order of their names. */
export const RULE_FAMILIES: readonly { readonly name: string; readonly rules: readonly Rule[] }[] = [
  { name: "buffer", rules: bufferRules },
  { name: "bytes", rules: bytesRules },
  { name: "call", rules: callRules },
  { name: "capsule", rules: capsuleRules },
  { name: "dict", rules: dictRules },
  { name: "errors", rules: errorsRules },
  { name: "evaluation", rules: evaluationRules },
  { name: "float", rules: floatRules },
  { name: "import", rules: importRules },
  { name: "iteration", rules: iterationRules },
  { name: "list", rules: listRules },
  { name: "long", rules: longRules },
  { name: "mapping", rules: mappingRules },
  { name: "module", rules: moduleRules },
  { name: "number", rules: numberRules },
  { name: "object", rules: objectRules },
  { name: "sequence", rules: sequenceRules },
  { name: "set", rules: setRules },
  { name: "slice", rules: sliceRules },
  { name: "tuple", rules: tupleRules },
  { name: "type", rules: typeRules },
  { name: "type-checks", rules: typeChecksRules },
  { name: "unicode", rules: unicodeRules },
];

/** The rule of each C-API name that has one. */
export const RULES: RuleTable = ruleTable();

/** The answer for every function of the C API without rule, except those that a transform moves (`HANDLED`). */
export const UNMAPPED: ReadonlyMap<string, Unmapped> = unmappedFunctions(RULES);

function ruleTable(): Map<string, Rule> {
  const table = new Map<string, Rule>();
  for (const rule of RULE_FAMILIES.flatMap((family) => family.rules)) {
    if (table.has(rule.capi)) throw new RangeError(`${rule.capi} has two rules`);
    table.set(rule.capi, rule);
  }
  return table;
}
