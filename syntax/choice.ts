import type { DirectiveGroup } from "./directives.ts";
import type { Liveness } from "./source.ts";

/** The conditionals of a file as far as choosing branches needs them. */
export interface ChoiceInput {
  readonly groups: readonly DirectiveGroup[];
  readonly liveness: readonly (readonly Liveness[])[];
  readonly conditions: readonly (readonly string[])[];
}

/**
 * The branch of each group that would be compiled if the `wanted` ones were, or -1 where none would. Unknown
 * conditions count as true unless that contradicts a branch chosen before, so that `#ifdef X` in one place and
 * `#ifndef X` in another are never both taken.
 */
export function chooseBranches(input: ChoiceInput, wanted: ReadonlyMap<number, number>): Int32Array {
  const chosen = new Int32Array(input.groups.length).fill(-1);
  const assumed = new Assumptions();
  for (const [g, b] of wanted) assumed.takeBranch(input.conditions[g] ?? [], b);
  input.groups.forEach((_, g) => {
    const branch = wanted.get(g);
    chosen[g] = branch ?? preferBranch(input.liveness[g] ?? [], input.conditions[g] ?? [], assumed);
  });
  return chosen;
}

/** Whether branch `b` of group `g` can be wanted together with what is wanted already. */
export function isCompatible(input: ChoiceInput, wanted: ReadonlyMap<number, number>, g: number, b: number): boolean {
  const assumed = new Assumptions();
  for (const [other, branch] of wanted) assumed.takeBranch(input.conditions[other] ?? [], branch);
  const conditions = input.conditions[g] ?? [];
  for (let i = 0; i < b; i++) if (assumed.truth(conditions[i] as string) === true) return false;
  return assumed.truth(conditions[b] as string) !== false;
}

function preferBranch(liveness: readonly Liveness[], conditions: readonly string[], assumed: Assumptions): number {
  for (let b = 0; b < liveness.length; b++) {
    if (liveness[b] === "dead") continue;
    if (liveness[b] === "live") return b;
    const condition = conditions[b] as string;
    const truth = condition === "" ? true : assumed.truth(condition);
    if (truth === false) continue;
    assumed.set(condition, true);
    return b;
  }
  return -1;
}

/** Truth of conditions by their text. */
class Assumptions {
  readonly #truth = new Map<string, boolean>();

  takeBranch(conditions: readonly string[], b: number): void {
    for (let i = 0; i < b; i++) this.set(conditions[i] as string, false);
    if (b >= 0) this.set(conditions[b] ?? "", true);
  }

  set(condition: string, value: boolean): void {
    const { atoms, negated } = splitCondition(condition);
    const truth = negated ? !value : value;
    // A conjunction that holds tells about each part, one that does not tells about the whole only.
    if (atoms.length > 1 && truth) for (const atom of atoms) this.set(atom, true);
    this.#truth.set(atoms.join("&&"), truth);
  }

  truth(condition: string): boolean | null {
    if (condition === "") return null;
    const { atoms, negated } = splitCondition(condition);
    let truth = this.#truth.get(atoms.join("&&")) ?? null;
    if (truth === null && atoms.length > 1) {
      const parts = atoms.map((atom) => this.truth(atom));
      if (parts.includes(false)) truth = false;
      else if (parts.every((part) => part === true)) truth = true;
    }
    return truth === null ? null : truth !== negated;
  }
}

/** The parts of a conjunction, or the condition itself with a leading `!` taken off. */
function splitCondition(condition: string): { readonly atoms: readonly string[]; readonly negated: boolean } {
  let text = condition.replaceAll(" ", "");
  const name = condition.trim().split(" ");
  // `defined X` is `defined(X)`.
  if (name.length === 2 && (name[0] === "defined" || name[0] === "!defined")) text = `${name[0]}(${name[1]})`;
  let negated = false;
  for (;;) {
    if (text.startsWith("!") && isOneOperand(text.slice(1))) {
      negated = !negated;
      text = text.slice(1);
    } else if (text.startsWith("(") && isOneOperand(text)) text = text.slice(1, -1);
    else break;
  }
  if (negated || text.includes("||")) return { atoms: [text], negated };
  const atoms = text.split("&&");
  return { atoms: atoms.every(isBalanced) ? atoms : [text], negated };
}

/** Whether the text is one name, one `defined(...)` or one pair of parentheses with all in it. */
function isOneOperand(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === "(") depth++;
    else if (c === ")") {
      depth--;
      if (depth === 0) return i === text.length - 1;
    } else if (depth === 0 && "&|=<>+-*/%^?!".includes(c)) return false;
  }
  return depth === 0 && text !== "";
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const c of text) {
    if (c === "(") depth++;
    else if (c === ")" && --depth < 0) return false;
  }
  return depth === 0 && text !== "";
}
