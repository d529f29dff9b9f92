import { matchBrackets } from "./brackets.ts";
import { ContextTracker } from "./context.ts";
import { readDirective } from "./directives.ts";
import { KEYWORDS, STORAGE_KEYWORDS, TYPE_KEYWORDS } from "./header-macros.ts";
import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { MacroInfo, MacroLookup } from "./macros.ts";
import { maskArguments } from "./mask-arguments.ts";
import type { MaskBuffer } from "./mask-buffer.ts";
import { tidyDirective } from "./mask-directives.ts";
import { isMacroName } from "./split.ts";

const SEMICOLON = 59;
const COMMA = 44;
const OPEN = 40;
const CLOSE = 41;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;
const STAR = 42;

/** Calls nested deeper than this keep their arguments, so that the work stays linear. */
const MAX_NESTING = 64;

/** Words that make a type of their argument, so that a declaration may begin with them. */
const TYPE_OPERATORS = new Set(["typeof", "__typeof__", "__typeof", "decltype", "_Atomic", "_BitInt", "alignas"]);

const ASSEMBLERS = new Set(["asm", "__asm", "__asm__"]);

/** Masks the macros in `tokens` (without comments and hidden branches) so that the grammar sees plain C. */
export function maskMacros(buffer: MaskBuffer, tokens: Tokens, macros: MacroLookup, language: "c" | "cpp"): void {
  new MacroMasker(buffer, tokens, macros, language).run();
}

class MacroMasker {
  readonly #buffer: MaskBuffer;
  readonly #tokens: Tokens;
  readonly #macros: MacroLookup;
  readonly #language: "c" | "cpp";
  readonly #context: ContextTracker;
  readonly #match: Int32Array;
  /** 1 for tokens that have been blanked, which the context must not see. */
  readonly #gone: Uint8Array;

  constructor(buffer: MaskBuffer, tokens: Tokens, macros: MacroLookup, language: "c" | "cpp") {
    this.#buffer = buffer;
    this.#tokens = tokens;
    this.#macros = macros;
    this.#language = language;
    this.#context = new ContextTracker(tokens, language);
    this.#match = matchBrackets(tokens);
    this.#gone = new Uint8Array(tokens.count);
  }

  run(): void {
    const tokens = this.#tokens;
    for (let t = 0; t < tokens.count; t++) {
      if (this.#gone[t] === 1) continue;
      const kind = tokens.kind[t];
      if (kind === TokenKind.directive) this.#directive(t);
      else if (kind === TokenKind.identifier) t = this.#identifier(t);
      else {
        if (kind === TokenKind.punctuation) this.#punctuation(t);
        if (this.#gone[t] !== 1) this.#context.consume(t);
      }
    }
  }

  #directive(t: number): void {
    const context = this.#context;
    const { name } = readDirective(this.#tokens, t);
    const conditional = name.startsWith("if") || name.startsWith("el") || name === "endif";
    const inside = context.surrounding === "enum" || (context.surrounding === "struct" && name === "include");
    if (!conditional && (context.nesting > 0 || !context.boundary || context.surrounding === "initialiser" || inside)) {
      this.#buffer.blank(this.#start(t), this.#end(t));
      // An included file that completes `x =` ends the declaration as well.
      if (isPunctuation(this.#tokens, context.previous, 61) && context.nesting === 0 && name === "include") {
        this.#buffer.write(this.#start(t), "0;");
        context.endStatement();
      }
      return;
    }
    tidyDirective(this.#buffer, this.#tokens, t);
    context.endStatement();
  }

  /** Computed gotos and case ranges are GNU C that the grammar lacks. */
  #punctuation(t: number): void {
    const context = this.#context;
    const tokens = this.#tokens;
    if (isPunctuation(tokens, t, 46) && isPunctuation(tokens, t + 1, 46) && isPunctuation(tokens, t + 2, 46)) {
      if (context.statement >= 0 && this.#word(context.statement) === "case" && context.nesting === 0) {
        this.#buffer.write(this.#start(t), "|  ");
      }
      return;
    }
    if (isPunctuation(tokens, t, OPEN) && this.#isParenthesisedName(t)) {
      this.#drop(t, t);
      this.#drop(t + 2, t + 2);
      return;
    }
    if (isPunctuation(tokens, t, 61) && context.nesting > 0 && isPunctuation(tokens, context.previous, STAR)) {
      // A default for a parameter without a name.
      const plain = isPunctuation(tokens, t + 2, COMMA) || isPunctuation(tokens, t + 2, CLOSE);
      if (this.#language === "cpp" && plain) this.#drop(t, t + 1);
      return;
    }
    if (isPunctuation(tokens, t, STAR) && this.#word(context.previous) === "goto") {
      let last = t;
      while (last + 1 < tokens.count && !isPunctuation(tokens, last + 1, SEMICOLON)) last++;
      this.#buffer.join(this.#start(t), this.#end(last));
      this.#gone.fill(1, t + 1, last + 1);
      return;
    }
    if (isPunctuation(tokens, t, 38) && isPunctuation(tokens, t + 1, 38) && this.#end(t) === this.#start(t + 1)) {
      const previous = context.previous;
      const operand =
        previous >= 0 &&
        (tokens.kind[previous] !== TokenKind.punctuation ||
          isPunctuation(tokens, previous, CLOSE) ||
          isPunctuation(tokens, previous, 93) ||
          isPunctuation(tokens, previous, 62) ||
          isPunctuation(tokens, previous, BRACE_CLOSE) ||
          isPunctuation(tokens, previous, 38));
      if (!operand && tokens.kind[t + 2] === TokenKind.identifier) this.#drop(t, t);
    }
  }

  /** `int (name)(int)`: the parentheses keep a macro of that name away, or make a typedef of a function. */
  #isParenthesisedName(t: number): boolean {
    const context = this.#context;
    const tokens = this.#tokens;
    if (context.surrounding !== "top" || context.nesting > 0 || context.assigned || context.atStart) return false;
    if (!this.#isName(t + 1) || !isPunctuation(tokens, t + 2, CLOSE) || !isPunctuation(tokens, t + 3, OPEN))
      return false;
    const previous = context.previous;
    const type = tokens.kind[previous] === TokenKind.identifier || isPunctuation(tokens, previous, STAR);
    return type && context.statement >= 0 && context.statement < t;
  }

  /** Handles the identifier at `t` and answers the last token that it dealt with. */
  #identifier(t: number): number {
    const word = tokenText(this.#tokens, t);
    const info = this.#macros.get(word);
    const next = this.#next(t);
    const call = isPunctuation(this.#tokens, next, OPEN) && (this.#match[next] as number) > 0;
    const close = call ? (this.#match[next] as number) : -1;

    if (info !== undefined) {
      if (!call || info.form === "object") {
        if (this.#isBlankable(info, t, next)) return this.#drop(t, t);
      } else if (info.role === "attribute-call" && !this.#isEmptyStatement(info)) return this.#drop(t, close);
      else if (info.role === "wrapper") return this.#unwrapArgument(t, next, close, info.kept);
    }
    if (this.#isComplexSpecifier(t, word, next) || this.#isUnit(t, word, call)) return this.#drop(t, t);
    if (word === "typename" && this.#isExpressionTypename()) return this.#drop(t, t);
    if (word === "operator" && this.#joinOperatorCall(t)) return this.#consumeThrough(t, t);
    if (call && this.#isTagMacro(next, close)) {
      this.#joinThrough(t, close);
      return this.#consumeThrough(t, close);
    }
    if (!KEYWORDS.has(word)) {
      if (call && this.#isNameMacro(t, next, close)) return this.#unwrap(t, next, close);
      if (call && this.#language === "cpp") this.#initialiseVariable(t, next, close);
      if (this.#isUnknownAttribute(t, next, info)) return this.#drop(t, call ? close : t);
      if (this.#isDeclaratorWrapper(t, next, close, call)) return this.#unwrap(t, next, close);
      if (this.#stringMacro(t, next, close, info)) return this.#consumeThrough(t, call ? close : t);
      if (call && this.#context.atStart && this.#context.nesting === 0) {
        const dealt = this.#callAtStart(t, word, next, close, info);
        if (dealt >= 0) return dealt;
      } else if (!call || info?.form === "object") {
        if (this.#context.atStart && this.#context.nesting === 0 && this.#nameAtStart(t, word, info)) return t;
        if (this.#context.surrounding === "initialiser") this.#separateItem(t, t, info);
      }
      if (call) {
        if (this.#context.surrounding === "initialiser") this.#separateItem(t, close, info);
        if (this.#takesArguments(t, close)) maskArguments(this.#buffer, this.#tokens, next, close, this.#gone);
      }
    } else if (ASSEMBLERS.has(word)) {
      this.#quoteClobbers(next);
    } else if (TYPE_OPERATORS.has(word) && call && word !== "decltype" && word !== "alignas") {
      // The grammar of C has no operators that give a type.
      this.#joinThrough(t, close);
      return this.#consumeThrough(t, t);
    }
    this.#context.consume(t);
    return t;
  }

  /** Macros that stand for strings in an assembler statement become strings. */
  #quoteClobbers(next: number): void {
    const tokens = this.#tokens;
    let open = next;
    while (tokens.kind[open] === TokenKind.identifier) open++;
    if (!isPunctuation(tokens, open, OPEN)) return;
    const close = this.#match[open] as number;
    let depth = 0;
    for (let t = open + 1; t < close; t++) {
      if (isPunctuation(tokens, t, OPEN) || isPunctuation(tokens, t, 91)) depth++;
      else if (isPunctuation(tokens, t, CLOSE) || isPunctuation(tokens, t, 93)) depth--;
      else if (depth === 0 && tokens.kind[t] === TokenKind.identifier && this.#end(t) - this.#start(t) >= 2) {
        this.#buffer.join(this.#start(t), this.#end(t));
        this.#buffer.put(this.#start(t), 34);
        this.#buffer.put(this.#end(t) - 1, 34);
      }
    }
  }

  /** Whether the object-like macro at `t` is an attribute here. */
  #isBlankable(info: MacroInfo, t: number, next: number): boolean {
    if (info.role !== "attribute") return false;
    if (!info.empty) return true;
    // An empty macro may be a statement of its own: then it stays, as a name with a semicolon.
    const alone = isPunctuation(this.#tokens, next, SEMICOLON) || isPunctuation(this.#tokens, next, BRACE_CLOSE);
    return !(this.#context.atStart && this.#context.surrounding === "body" && (alone || this.#newlineAfter(t, next)));
  }

  #isEmptyStatement(info: MacroInfo): boolean {
    return info.empty && this.#context.atStart && this.#context.nesting === 0;
  }

  /** Attribute macros that the project does not define, told by where they stand in a declaration. */
  #isUnknownAttribute(t: number, next: number, info: MacroInfo | undefined): boolean {
    const context = this.#context;
    const tokens = this.#tokens;
    if (context.surrounding !== "top" && context.surrounding !== "struct") return false;
    if (context.assigned) return false;
    if (context.nesting > 0) return this.#isParameterAttribute(t, next, info);
    if (info !== undefined && info.role !== "other" && info.role !== "attribute-call") return false;
    const previous = context.previous;
    if (!context.atStart && isPunctuation(tokens, previous, CLOSE)) return this.#isSuffixAttribute(next);
    if (!this.#isUpperName(t)) return false;
    const before = context.atStart ? "" : this.#word(previous);
    // `class EXPORT Name {` and `* EXPORT name(`.
    if (before === "class" || before === "struct" || before === "union") {
      const behind = this.#next(next);
      return this.#isName(next) && (isPunctuation(tokens, behind, BRACE_OPEN) || isPunctuation(tokens, behind, 58));
    }
    if (!context.atStart && isPunctuation(tokens, previous, STAR)) {
      return this.#isName(next) && isPunctuation(tokens, this.#next(next), OPEN);
    }
    if (!context.atStart && !STORAGE_KEYWORDS.has(before) && before !== "const") {
      return before !== "" && !KEYWORDS.has(before) && this.#isName(next) && this.#isFunctionHeader(next);
    }
    if (before === "typedef") return false;
    if (tokens.kind[next] !== TokenKind.identifier) return false;
    // `Type const x` has one name behind the qualifier, `EXPORT const Type x` has two.
    let type = next;
    while (this.#word(type) === "const" || this.#word(type) === "volatile") type = this.#next(type);
    const word = this.#word(type);
    if (word === "") return false;
    if (TYPE_KEYWORDS.has(word)) return true;
    if (STORAGE_KEYWORDS.has(word)) return true;
    if (KEYWORDS.has(word)) return false;
    // `EXPORT Type *name`: a name, perhaps stars, and another name.
    let behind = this.#next(type);
    while (isPunctuation(tokens, behind, STAR) || (this.#language === "cpp" && isPunctuation(tokens, behind, 38))) {
      behind = this.#next(behind);
    }
    return this.#isName(behind) && !(info === undefined && this.#macros.get(word)?.role === "attribute");
  }

  /** `IN Type name` among parameters. */
  #isParameterAttribute(t: number, next: number, info: MacroInfo | undefined): boolean {
    const tokens = this.#tokens;
    if (
      info !== undefined ||
      (!isPunctuation(tokens, this.#context.previous, OPEN) && !isPunctuation(tokens, this.#context.previous, COMMA))
    )
      return false;
    const word = this.#word(t);
    if (word !== word.toUpperCase()) return false;
    if (TYPE_KEYWORDS.has(this.#word(next))) return this.#word(next) !== "const" && this.#word(next) !== "volatile";
    if (!this.#isName(next)) return false;
    let behind = this.#next(next);
    while (isPunctuation(tokens, behind, STAR)) behind = this.#next(behind);
    return this.#isName(behind);
  }

  /** `complex` of <complex.h> beside the type that it belongs to. */
  #isComplexSpecifier(t: number, word: string, next: number): boolean {
    if (word !== "_Complex" && word !== "__complex__" && (word !== "complex" || this.#language === "cpp")) return false;
    return TYPE_KEYWORDS.has(this.#word(next)) || TYPE_KEYWORDS.has(this.#word(t - 1));
  }

  /** `128 KB`: a macro that multiplies the number before it. */
  #isUnit(t: number, word: string, call: boolean): boolean {
    const previous = this.#context.previous;
    if (call || previous < 0 || this.#tokens.kind[previous] !== TokenKind.number || KEYWORDS.has(word)) return false;
    return !this.#newlineAfter(previous, t) && this.#gone[previous] !== 1;
  }

  /** `typename` before an expression, which the grammar of C++ has in types only. */
  #isExpressionTypename(): boolean {
    const previous = this.#context.previous;
    return isPunctuation(this.#tokens, previous, OPEN) || this.#word(previous) === "return";
  }

  /** `x->operator=(y)`: the grammar of C++ has no calls of operators by name, so the name becomes one identifier. */
  #joinOperatorCall(t: number): boolean {
    const tokens = this.#tokens;
    const previous = this.#context.previous;
    if (
      !isPunctuation(tokens, previous, 46) &&
      !(isPunctuation(tokens, previous, 62) && isPunctuation(tokens, previous - 1, 45))
    ) {
      return false;
    }
    let last = t + 1;
    if (isPunctuation(tokens, last, OPEN) && isPunctuation(tokens, last + 1, CLOSE)) last += 2;
    while (last < tokens.count && tokens.kind[last] === TokenKind.punctuation && !isPunctuation(tokens, last, OPEN))
      last++;
    if (last === t + 1 || !isPunctuation(tokens, last, OPEN)) return false;
    this.#joinThrough(t, last - 1);
    return true;
  }

  /** `struct MACRO(name) x;`: a macro that makes the tag of a type. */
  #isTagMacro(open: number, close: number): boolean {
    const before = this.#word(this.#context.previous);
    return (before === "struct" || before === "union" || before === "enum") && close === open + 2;
  }

  /** `void MACRO(name)(int x) {`: a macro that makes the name of a function. */
  #isNameMacro(t: number, open: number, close: number): boolean {
    const context = this.#context;
    const tokens = this.#tokens;
    if (context.surrounding !== "top" || context.nesting > 0 || context.assigned || context.atStart) return false;
    if (close !== open + 2 || !this.#isName(open + 1) || !isPunctuation(tokens, close + 1, OPEN)) return false;
    const previous = context.previous;
    if (tokens.kind[previous] !== TokenKind.identifier && !isPunctuation(tokens, previous, STAR)) return false;
    // Otherwise it is `typedef Type (name)(int)`, where the type is still to come.
    const qualifier = STORAGE_KEYWORDS.has(this.#word(previous)) || this.#word(previous) === "const";
    if (qualifier || KEYWORDS.has(this.#word(t))) return false;
    const behind = this.#next(this.#match[close + 1] as number);
    return isPunctuation(tokens, behind, BRACE_OPEN) || isPunctuation(tokens, behind, SEMICOLON);
  }

  /**
   * `T name(f(x));` reads as a declaration of a function to the grammar of C++, which hides the call. With braces
   * for the parentheses it is a variable with an initialiser.
   */
  #initialiseVariable(t: number, open: number, close: number): void {
    const context = this.#context;
    const tokens = this.#tokens;
    if (context.surrounding !== "body" || context.nesting > 0 || context.assigned) return;
    if (
      context.statement < 0 ||
      context.statement >= t ||
      (KEYWORDS.has(this.#word(context.statement)) &&
        !TYPE_KEYWORDS.has(this.#word(context.statement)) &&
        this.#word(context.statement) !== "static")
    )
      return;
    const previous = t - 1;
    const reference = isPunctuation(tokens, previous, 38);
    const type =
      reference ||
      isPunctuation(tokens, previous, 62) ||
      isPunctuation(tokens, previous, STAR) ||
      this.#isName(previous) ||
      TYPE_KEYWORDS.has(this.#word(previous));
    if (!type || (isPunctuation(tokens, previous, 62) && isPunctuation(tokens, previous - 1, 45))) return;
    if (!isPunctuation(tokens, this.#next(close), SEMICOLON) || close === open + 1) return;
    if (!reference && !this.#holdsCall(open, close)) return;
    this.#buffer.put(this.#start(open), BRACE_OPEN);
    this.#buffer.put(this.#start(close), BRACE_CLOSE);
  }

  #holdsCall(open: number, close: number): boolean {
    for (let t = open + 1; t < close; t++) {
      if (isPunctuation(this.#tokens, t, OPEN) && this.#isName(t - 1)) return true;
    }
    return false;
  }

  /** Whether the name at `t` is followed by parentheses and then a body: the name of a function. */
  #isFunctionHeader(t: number): boolean {
    const open = this.#next(t);
    if (!isPunctuation(this.#tokens, open, OPEN)) return false;
    const close = this.#match[open] as number;
    return close > 0 && isPunctuation(this.#tokens, this.#next(close), BRACE_OPEN);
  }

  /** `int f(void) MACRO;` and `int f(void) MACRO(1) {`; `next` is the token after the macro's name. */
  #isSuffixAttribute(next: number): boolean {
    const tokens = this.#tokens;
    let behind = next;
    if (isPunctuation(tokens, next, OPEN)) behind = this.#next(this.#match[next] as number);
    if (this.#word(this.#context.previous) === "") {
      const name = next - 1;
      if (KEYWORDS.has(this.#word(name))) return false;
    }
    return isPunctuation(tokens, behind, SEMICOLON) || isPunctuation(tokens, behind, BRACE_OPEN);
  }

  /** `Type *UNUSED(name)` among parameters, for a macro that the project does not define. */
  #isDeclaratorWrapper(t: number, next: number, close: number, call: boolean): boolean {
    const context = this.#context;
    const tokens = this.#tokens;
    if (!call || close !== next + 2 || !this.#isName(next + 1)) return false;
    if (context.surrounding !== "top" || context.nesting === 0 || context.assigned || !this.#isUpperName(t))
      return false;
    const previous = context.previous;
    if (!isPunctuation(tokens, previous, STAR) && tokens.kind[previous] !== TokenKind.identifier) return false;
    const behind = this.#next(close);
    return isPunctuation(tokens, behind, COMMA) || isPunctuation(tokens, behind, CLOSE);
  }

  /** A macro among string literals: `"%" PRId64 "\n"`. */
  #stringMacro(t: number, next: number, close: number, info: MacroInfo | undefined): boolean {
    const tokens = this.#tokens;
    const previous = this.#context.previous;
    const last = close > 0 ? close : t;
    const follows = close > 0 ? this.#next(close) : next;
    const afterString = previous >= 0 && tokens.kind[previous] === TokenKind.string && !this.#context.atStart;
    const beforeString = follows < tokens.count && tokens.kind[follows] === TokenKind.string;
    if (!afterString && !(beforeString && (info?.role === "string" || this.#context.previous >= 0))) return false;
    if (!afterString && (this.#context.atStart || close > 0)) return false;
    if (!this.#isUpperName(t) && info?.role !== "string") return false;
    const start = this.#start(t);
    const end = this.#end(last);
    if (end - start < 2) return false;
    for (let i = start + 1; i < end - 1; i++) if (this.#buffer.at(i) === 10) return false;
    if (afterString || end - start >= 3) {
      this.#buffer.join(start, end);
      this.#buffer.put(start, 34);
      this.#buffer.put(end - 1, 34);
    }
    return true;
  }

  /** Handles `NAME(...)` where a statement or declaration may begin; the last token dealt with, or -1. */
  #callAtStart(t: number, word: string, next: number, close: number, info: MacroInfo | undefined): number {
    const tokens = this.#tokens;
    const surrounding = this.#context.surrounding;
    const behind = this.#next(close);
    if (surrounding === "initialiser") return -1;
    if (surrounding === "enum") {
      // The macro stands for enumerators, with or without the comma behind them.
      this.#joinThrough(t, close);
      this.#consumeThrough(t, t);
      const follows = tokens.kind[behind] === TokenKind.identifier || tokens.kind[behind] === TokenKind.directive;
      if (follows && this.#buffer.insert(this.#end(close), COMMA)) this.#context.endStatement();
      return close;
    }
    // A constructor.
    if (surrounding === "struct" && (isPunctuation(tokens, behind, BRACE_OPEN) || isPunctuation(tokens, behind, 58))) {
      return -1;
    }
    if (isPunctuation(tokens, behind, BRACE_OPEN) && surrounding === "top") {
      return this.#functionHeader(t, next, close);
    }
    if (surrounding === "body" && (info?.role === "loop" || info?.role === "branch")) {
      const keyword = info.role === "branch" ? "if" : word.length >= 5 ? "while" : "";
      if (keyword !== "" && word.length >= keyword.length && this.#isExpressionList(next, close)) {
        this.#buffer.blank(this.#start(t), this.#end(t));
        this.#buffer.write(this.#start(t), keyword);
        maskArguments(this.#buffer, tokens, next, close, this.#gone);
        this.#consumeThrough(t, close);
        this.#context.startBody();
        return close;
      }
    }
    if (surrounding !== "body" && this.#isWrappedHeader(behind, close) && this.#isTypeText(next, close)) {
      return this.#unwrap(t, next, close);
    }
    const memberMacro = surrounding === "struct" && info !== undefined && this.#language === "cpp";
    if (
      (surrounding !== "body" && this.#isWrappedHeader(behind, close)) ||
      (memberMacro && (isPunctuation(tokens, behind, SEMICOLON) || this.#needsSemicolon(behind, close, info))) ||
      this.#isTypeMacro(behind, close, info)
    ) {
      const lacksSemicolon =
        memberMacro && this.#needsSemicolon(behind, close, info) && !this.#isWrappedHeader(behind, close);
      this.#joinThrough(t, close);
      this.#consumeThrough(t, t);
      if (lacksSemicolon && this.#buffer.insert(this.#end(close), SEMICOLON)) this.#context.endStatement();
      return close;
    }
    if (!this.#needsSemicolon(behind, close, info)) return -1;
    maskArguments(this.#buffer, tokens, next, close, this.#gone);
    this.#consumeThrough(t, close);
    if (this.#buffer.insert(this.#end(close), SEMICOLON)) this.#context.endStatement();
    else if (this.#buffer.at(this.#start(close) - 1) === 32) this.#shiftClose(close);
    return close;
  }

  /** Moves a closing parenthesis into the space before it to make room for a semicolon. */
  #shiftClose(close: number): void {
    const at = this.#start(close);
    this.#buffer.put(at - 1, CLOSE);
    this.#buffer.put(at, 32);
    this.#buffer.insert(at, SEMICOLON);
    this.#context.endStatement();
  }

  #needsSemicolon(behind: number, close: number, info: MacroInfo | undefined): boolean {
    const tokens = this.#tokens;
    const surrounding = this.#context.surrounding;
    if (behind >= tokens.count) return true;
    const kind = tokens.kind[behind];
    if (kind === TokenKind.directive || kind === TokenKind.number || kind === TokenKind.string) return true;
    if (kind === TokenKind.identifier) {
      if (surrounding === "body") return true;
      return info?.role === "statement" || this.#newlineAfter(close, behind);
    }
    if (isPunctuation(tokens, behind, BRACE_OPEN) || isPunctuation(tokens, behind, BRACE_CLOSE)) return true;
    if (isPunctuation(tokens, behind, SEMICOLON) || isPunctuation(tokens, behind, COMMA)) return false;
    // `MACRO(x)` on a line of its own, before a statement such as `*p = 0;` or `(void)x;`.
    return info?.role === "statement" && this.#newlineAfter(close, behind);
  }

  /** `MACRO(int) name(...) {` or `MACRO(int) name(...);` for a macro that is not known. */
  #isWrappedHeader(behind: number, close: number): boolean {
    const tokens = this.#tokens;
    let name = behind;
    while (isPunctuation(tokens, name, STAR)) name = this.#next(name);
    if (this.#word(name) === "operator") return true;
    if (!this.#isName(name) || this.#macros.get(this.#word(name))?.form === "function") return false;
    const open = this.#next(name);
    if (!isPunctuation(tokens, open, OPEN)) return false;
    const end = this.#next(this.#match[open] as number);
    if (isPunctuation(tokens, end, BRACE_OPEN) || this.#word(end) === "const") return true;
    return isPunctuation(tokens, end, SEMICOLON) && !this.#newlineAfter(close, behind);
  }

  /** Whether the parentheses hold one plain type. */
  #isTypeText(open: number, close: number): boolean {
    for (let t = open + 1; t < close; t++) {
      if (this.#tokens.kind[t] !== TokenKind.identifier && !isPunctuation(this.#tokens, t, STAR)) return false;
    }
    return close > open + 1;
  }

  /** `LIST_OF(int) name;`: a macro call that stands for a type. */
  #isTypeMacro(behind: number, close: number, info: MacroInfo | undefined): boolean {
    if (info?.role === "statement" || !this.#isName(behind) || this.#newlineAfter(close, behind)) return false;
    const after = this.#next(behind);
    const tokens = this.#tokens;
    return (
      isPunctuation(tokens, after, SEMICOLON) ||
      isPunctuation(tokens, after, COMMA) ||
      isPunctuation(tokens, after, 91) ||
      (isPunctuation(tokens, after, 61) && !isPunctuation(tokens, after + 1, 61))
    );
  }

  /** `MACRO(name, ...) {` at the top level: shown as a function of that name. */
  #functionHeader(t: number, open: number, close: number): number {
    const tokens = this.#tokens;
    const name = open + 1;
    if (!this.#isName(name)) return -1;
    // The text between the name and the closing parenthesis has to hold `()`.
    if (close === name + 1) {
      const at = this.#start(close);
      const after = this.#buffer.at(at + 1);
      if (after !== 32 && after !== 10 && after !== 13) return -1;
      this.#buffer.put(at, OPEN);
      this.#buffer.put(at + 1, CLOSE);
    } else {
      this.#buffer.blank(this.#end(name), this.#end(close));
      this.#buffer.put(this.#start(name + 1), OPEN);
      this.#buffer.put(this.#start(close), CLOSE);
    }
    this.#buffer.blank(this.#start(open), this.#end(open));
    if (this.#end(open) === this.#start(name) && this.#end(t) === this.#start(open)) {
      this.#buffer.put(this.#start(open), 32);
    }
    for (let q = t; q <= close; q++) if (tokens.kind[q] !== TokenKind.directive) this.#context.consume(q);
    return close;
  }

  /** Handles a name without arguments where a statement or declaration may begin; true when it is dealt with. */
  #nameAtStart(t: number, word: string, info: MacroInfo | undefined): boolean {
    const tokens = this.#tokens;
    const context = this.#context;
    const next = this.#next(t);
    const surrounding = context.surrounding;
    if (surrounding === "initialiser" || surrounding === "enum") return false;
    if (isPunctuation(tokens, next, SEMICOLON) || isPunctuation(tokens, next, COMMA)) return false;
    const statement = info !== undefined && info.form !== "function" && (info.role === "statement" || info.empty);
    const newline = this.#newlineAfter(t, next);
    const closes = next >= tokens.count || isPunctuation(tokens, next, BRACE_CLOSE);
    const directive = tokens.kind[next] === TokenKind.directive;
    let complete = statement && !isPunctuation(tokens, next, 61) && !isPunctuation(tokens, next, 46);
    if (!complete && this.#isUpperName(t) && info?.form !== "function") {
      const nameFollows = tokens.kind[next] === TokenKind.identifier && newline && surrounding !== "top";
      const storage = newline && surrounding === "top" && STORAGE_KEYWORDS.has(this.#word(next));
      complete = closes || (directive && surrounding !== "top") || nameFollows || storage;
    }
    if (!complete && surrounding === "body") {
      complete = closes || this.#isBlockAt(next);
    }
    if (!complete || KEYWORDS.has(word)) return false;
    context.consume(t);
    if (!this.#buffer.insert(this.#end(t), SEMICOLON)) return true;
    context.endStatement();
    return true;
  }

  /** Whether the brace at `t` opens a block, not an initialiser of C++ such as `T{1}.f()`. */
  #isBlockAt(t: number): boolean {
    const tokens = this.#tokens;
    if (!isPunctuation(tokens, t, BRACE_OPEN)) return false;
    if (this.#language === "c") return true;
    const behind = (this.#match[t] as number) + 1;
    return behind > 0 && !isPunctuation(tokens, behind, SEMICOLON) && !isPunctuation(tokens, behind, 46);
  }

  /** Writes the comma that an element of an initialiser lacks because its macro brings it along. */
  #separateItem(t: number, last: number, info: MacroInfo | undefined): void {
    const tokens = this.#tokens;
    if (this.#context.nesting > 0) return;
    const behind = this.#next(last);
    if (behind >= tokens.count) return;
    const kind = tokens.kind[behind];
    const brace =
      isPunctuation(tokens, behind, BRACE_OPEN) && (this.#language === "c" || info !== undefined || last > t);
    const designator =
      isPunctuation(tokens, behind, 46) &&
      tokens.kind[behind + 1] === TokenKind.identifier &&
      this.#newlineAfter(last, behind);
    const name = kind === TokenKind.identifier && !KEYWORDS.has(this.#word(behind));
    const value =
      kind === TokenKind.number ||
      name ||
      (info?.role === "item" && kind !== TokenKind.punctuation) ||
      (info?.role === "item" && (isPunctuation(tokens, behind, OPEN) || isPunctuation(tokens, behind, 38)));
    if (brace || designator || value) this.#buffer.insert(this.#end(last), COMMA);
  }

  /** Whether the parentheses behind the name at `t` hold arguments, not parameters of a declaration. */
  #takesArguments(t: number, close: number): boolean {
    const context = this.#context;
    const tokens = this.#tokens;
    const surrounding = context.surrounding;
    if (surrounding === "struct" || surrounding === "enum" || context.nesting > MAX_NESTING) return false;
    if (surrounding === "top" && !context.assigned) {
      if (this.#language === "cpp") return false;
      if (!context.atStart || isPunctuation(tokens, this.#next(close), BRACE_OPEN)) return false;
      return true;
    }
    const previous = context.previous;
    if (context.atStart || previous < 0) return true;
    if (tokens.kind[previous] === TokenKind.identifier) {
      const word = this.#word(previous);
      return word === "return" || word === "case" || word === "else" || word === "sizeof";
    }
    if (isPunctuation(tokens, previous, STAR) && context.nesting === 0) return !this.#onlyTypeBefore(t);
    return true;
  }

  /** Whether the statement before `t` is names and stars only, which makes it a declaration. */
  #onlyTypeBefore(t: number): boolean {
    for (let i = this.#context.statement; i < t; i++) {
      const name = this.#tokens.kind[i] === TokenKind.identifier && this.#word(i) !== "return";
      if (!name && !isPunctuation(this.#tokens, i, STAR)) return false;
    }
    return true;
  }

  /** Whether the parentheses hold what may stand in parentheses as an expression. */
  #isExpressionList(open: number, close: number): boolean {
    if (close === open + 1) return false;
    for (let t = open + 1; t < close; t++) {
      if (isPunctuation(this.#tokens, t, SEMICOLON) || isPunctuation(this.#tokens, t, BRACE_OPEN)) return false;
      if (this.#tokens.kind[t] === TokenKind.directive) return false;
    }
    return true;
  }

  /** Blanks tokens `[from, to]`; answers `to`. */
  #drop(from: number, to: number): number {
    for (let t = from; t <= to; t++) {
      this.#buffer.blank(this.#start(t), this.#end(t));
      this.#gone[t] = 1;
    }
    return to;
  }

  /** Blanks a macro's name and its parentheses; what they hold is looked at next. */
  #unwrap(t: number, open: number, close: number): number {
    this.#drop(t, t);
    this.#drop(open, open);
    this.#drop(close, close);
    return open;
  }

  /** Blanks a macro's name, its parentheses and all arguments but number `kept`. */
  #unwrapArgument(t: number, open: number, close: number, kept: number): number {
    let number = 0;
    for (let a = open + 1; a < close; a++) {
      if (isPunctuation(this.#tokens, a, COMMA)) {
        number++;
        this.#drop(a, a);
        continue;
      }
      let last = a;
      if (isPunctuation(this.#tokens, a, OPEN) && (this.#match[a] as number) > a) last = this.#match[a] as number;
      if (number !== kept) this.#drop(a, last);
      a = last;
    }
    return this.#unwrap(t, open, close);
  }

  /** Makes one identifier of the tokens `[from, to]`. */
  #joinThrough(from: number, to: number): void {
    this.#buffer.join(this.#start(from), this.#end(to));
    this.#gone.fill(1, from + 1, to + 1);
  }

  /** Lets the context see the tokens `[from, to]`; answers `to`, or the last token that had been joined to `from`. */
  #consumeThrough(from: number, to: number): number {
    let t = from;
    for (; t <= to; t++) {
      if (this.#gone[t] === 1) continue;
      if (this.#tokens.kind[t] === TokenKind.directive) this.#buffer.blank(this.#start(t), this.#end(t));
      else this.#context.consume(t);
    }
    return to;
  }

  #next(t: number): number {
    let next = t + 1;
    while (next < this.#tokens.count && this.#gone[next] === 1) next++;
    return next;
  }

  #word(t: number): string {
    return t >= 0 && t < this.#tokens.count && this.#tokens.kind[t] === TokenKind.identifier
      ? tokenText(this.#tokens, t)
      : "";
  }

  #isName(t: number): boolean {
    const word = this.#word(t);
    return word !== "" && !KEYWORDS.has(word);
  }

  /** A name of four or more capitals, digits and underscores. */
  #isUpperName(t: number): boolean {
    const word = this.#word(t);
    if (word.length < 4) return false;
    for (let i = 0; i < word.length; i++) {
      const c = word.charCodeAt(i);
      if (c >= 97 && c <= 122) return false;
    }
    return isMacroName(word);
  }

  #start(t: number): number {
    return this.#tokens.start[t] as number;
  }

  #end(t: number): number {
    return this.#tokens.end[t] as number;
  }

  #newlineAfter(t: number, next: number): boolean {
    const limit = next < this.#tokens.count ? this.#start(next) : this.#buffer.length;
    const at = this.#tokens.text.indexOf("\n", this.#end(t));
    return at >= 0 && at < limit;
  }
}
