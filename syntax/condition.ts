import { withoutComments } from "./directives.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "./lexer.ts";

/**
 * What is known about the macros that an `#if` may ask for: a number is a known value, `"defined"` a macro with an
 * unknown value, `"undefined"` one that certainly does not exist. Names that are absent are unknown.
 */
export type MacroFacts = ReadonlyMap<string, number | "defined" | "undefined">;

/** Value of a constant expression; `null` when it cannot be told. */
type Value = number | null;

const BINARY_LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];
const TWO_CHARACTERS = new Set(["||", "&&", "==", "!=", "<=", ">=", "<<", ">>"]);

/** Truth of an `#if` expression under `facts`; null when it cannot be told or the text is no expression. */
export function evaluateCondition(condition: string, facts: MacroFacts): boolean | null {
  const value = evaluateExpression(condition, facts);
  return value === null ? null : value !== 0;
}

/** Value of a preprocessor expression under `facts`; null when it cannot be told. */
export function evaluateExpression(expression: string, facts: MacroFacts): number | null {
  const reader = new ExpressionReader(withoutComments(lex(expression, "piece")), facts);
  return reader.read();
}

class ExpressionReader {
  readonly #tokens: Tokens;
  readonly #facts: MacroFacts;
  #at = 0;
  #failed = false;

  constructor(tokens: Tokens, facts: MacroFacts) {
    this.#tokens = tokens;
    this.#facts = facts;
  }

  read(): Value {
    if (this.#tokens.count === 0) return null;
    const value = this.#conditional(0);
    return this.#failed || this.#at < this.#tokens.count ? null : value;
  }

  #conditional(depth: number): Value {
    const test = this.#binary(0, depth);
    if (!this.#accept(63)) return test;
    const yes = this.#conditional(depth + 1);
    if (!this.#accept(58)) this.#failed = true;
    const no = this.#conditional(depth + 1);
    if (test === null) return yes === no ? yes : null;
    return test !== 0 ? yes : no;
  }

  #binary(level: number, depth: number): Value {
    const operators = BINARY_LEVELS[level];
    if (operators === undefined) return this.#unary(depth);
    let left = this.#binary(level + 1, depth);
    for (;;) {
      const operator = this.#operator();
      if (operator === "" || !operators.includes(operator)) return left;
      this.#at += operator.length;
      left = combine(operator, left, this.#binary(level + 1, depth));
    }
  }

  /** The operator at the current place, two characters where they touch. */
  #operator(): string {
    const tokens = this.#tokens;
    if (this.#at >= tokens.count || tokens.kind[this.#at] !== TokenKind.punctuation) return "";
    const one = tokenText(tokens, this.#at);
    if (tokens.kind[this.#at + 1] !== TokenKind.punctuation) return one;
    if (tokens.start[this.#at + 1] !== tokens.end[this.#at]) return one;
    const two = one + tokenText(tokens, this.#at + 1);
    return TWO_CHARACTERS.has(two) ? two : one;
  }

  #accept(code: number): boolean {
    if (!isPunctuation(this.#tokens, this.#at, code)) return false;
    this.#at++;
    return true;
  }

  #unary(depth: number): Value {
    if (depth > 200) this.#failed = true;
    if (this.#failed) return null;
    if (this.#accept(33)) {
      const value = this.#unary(depth + 1);
      return value === null ? null : value === 0 ? 1 : 0;
    }
    if (this.#accept(45)) {
      const value = this.#unary(depth + 1);
      return value === null ? null : -value;
    }
    if (this.#accept(43)) return this.#unary(depth + 1);
    if (this.#accept(126)) {
      const value = this.#unary(depth + 1);
      return value === null ? null : ~value;
    }
    if (this.#accept(40)) {
      const value = this.#conditional(depth + 1);
      if (!this.#accept(41)) this.#failed = true;
      return value;
    }
    return this.#primary();
  }

  #primary(): Value {
    const tokens = this.#tokens;
    const t = this.#at++;
    const kind = tokens.kind[t];
    if (t >= tokens.count) this.#failed = true;
    else if (kind === TokenKind.number) return parseInteger(tokenText(tokens, t));
    else if (kind === TokenKind.identifier) return this.#name(tokenText(tokens, t));
    else if (kind !== TokenKind.character) this.#failed = true;
    return null;
  }

  #name(name: string): Value {
    if (name === "defined") {
      const parenthesised = this.#accept(40);
      const fact = this.#facts.get(tokenText(this.#tokens, this.#at));
      this.#at++;
      if (parenthesised && !this.#accept(41)) this.#failed = true;
      return fact === undefined ? null : fact === "undefined" ? 0 : 1;
    }
    if (isPunctuation(this.#tokens, this.#at, 40)) {
      this.#skipParentheses();
      // A name that is surely no macro makes the condition a syntax error, which nobody relies on.
      return null;
    }
    const fact = this.#facts.get(name);
    if (fact === "undefined") return 0;
    return typeof fact === "number" ? fact : null;
  }

  #skipParentheses(): void {
    let depth = 0;
    do {
      if (isPunctuation(this.#tokens, this.#at, 40)) depth++;
      if (isPunctuation(this.#tokens, this.#at, 41)) depth--;
      this.#at++;
    } while (depth > 0 && this.#at < this.#tokens.count);
  }
}

function parseInteger(text: string): Value {
  let digits = text.replaceAll("'", "");
  while (/[uUlL]$/.test(digits)) digits = digits.slice(0, -1);
  const octal = digits.length > 1 && digits.startsWith("0") && !/[xXbB]/.test(digits);
  const value = Number(octal ? `0o${digits.slice(1)}` : digits);
  return Number.isInteger(value) ? value : null;
}

function combine(operator: string, left: Value, right: Value): Value {
  if (operator === "&&") {
    if (left === 0 || right === 0) return 0;
    return left === null || right === null ? null : 1;
  }
  if (operator === "||") {
    if ((left !== null && left !== 0) || (right !== null && right !== 0)) return 1;
    return left === null || right === null ? null : 0;
  }
  if (left === null || right === null || !Number.isSafeInteger(left) || !Number.isSafeInteger(right)) return null;
  switch (operator) {
    case "==":
      return left === right ? 1 : 0;
    case "!=":
      return left !== right ? 1 : 0;
    case "<":
      return left < right ? 1 : 0;
    case ">":
      return left > right ? 1 : 0;
    case "<=":
      return left <= right ? 1 : 0;
    case ">=":
      return left >= right ? 1 : 0;
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? null : Math.trunc(left / right);
    case "%":
      return right === 0 ? null : left % right;
    // Shifts and bit operations of preprocessor integers are 64 bits wide.
    case "<<":
      return Number(BigInt(left) << BigInt(right & 63));
    case ">>":
      return Number(BigInt(left) >> BigInt(right & 63));
    case "&":
      return Number(BigInt(left) & BigInt(right));
    case "|":
      return Number(BigInt(left) | BigInt(right));
    default:
      return Number(BigInt(left) ^ BigInt(right));
  }
}
