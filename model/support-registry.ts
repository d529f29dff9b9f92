import { ARGUMENT_SUPPORT } from "./support/arguments.ts";
import { CALL_SUPPORT } from "./support/calls.ts";
import { DICT_SUPPORT } from "./support/dict.ts";
import { ERROR_SUPPORT } from "./support/errors.ts";
import { FORMATTING_SUPPORT } from "./support/formatting.ts";
import { KEYWORD_SUPPORT } from "./support/keywords.ts";
import { MODULE_SUPPORT } from "./support/modules.ts";
import { NUMBER_SUPPORT } from "./support/numbers.ts";
import { OBJECT_SUPPORT } from "./support/objects.ts";
import { RULES_EXTRA_SUPPORT } from "./support/rules-extra.ts";
import { SEQUENCE_SUPPORT } from "./support/sequences.ts";
import { SET_SUPPORT } from "./support/sets.ts";
import { TYPE_SUPPORT } from "./support/types.ts";
import { UNICODE_SUPPORT } from "./support/unicode.ts";
import { VALUE_SUPPORT } from "./support/values.ts";
import type { SupportFunction } from "./support.ts";

/** Every support function by name. */
export const SUPPORT: ReadonlyMap<string, SupportFunction> = new Map(
  [
    ARGUMENT_SUPPORT,
    CALL_SUPPORT,
    DICT_SUPPORT,
    ERROR_SUPPORT,
    FORMATTING_SUPPORT,
    KEYWORD_SUPPORT,
    MODULE_SUPPORT,
    NUMBER_SUPPORT,
    OBJECT_SUPPORT,
    RULES_EXTRA_SUPPORT,
    SEQUENCE_SUPPORT,
    SET_SUPPORT,
    TYPE_SUPPORT,
    UNICODE_SUPPORT,
    VALUE_SUPPORT,
  ]
    .flat()
    .map((support) => [support.name, support]),
);

/**
 * The functions named and everything that they require, each once, in an order in which each stands after what it
 * requires. The order depends on the set of names only.
 *
 * @throws RangeError for a name that is not in {@link SUPPORT}; names come from our own rules and transforms.
 */
export function supportClosure(names: Iterable<string>): SupportFunction[] {
  const ordered = new Map<string, SupportFunction>();
  const add = (name: string): void => {
    if (ordered.has(name)) return;
    const support = SUPPORT.get(name);
    if (support === undefined) throw new RangeError(`there is no support function ${name}`);
    for (const required of support.requires) add(required);
    ordered.set(name, support);
  };
  for (const name of [...names].sort()) add(name);
  return [...ordered.values()];
}
