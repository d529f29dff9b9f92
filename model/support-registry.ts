import { ARGUMENT_SUPPORT } from "./support/arguments.ts";
import { KEYWORD_SUPPORT } from "./support/keywords.ts";
import { VALUE_SUPPORT } from "./support/values.ts";
import type { SupportFunction } from "./support.ts";

/** Every support function by name. */
export const SUPPORT: ReadonlyMap<string, SupportFunction> = new Map(
  [ARGUMENT_SUPPORT, KEYWORD_SUPPORT, VALUE_SUPPORT].flat().map((support) => [support.name, support]),
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
