import { TokenKind, type Tokens, tokenText } from "./lexer.ts";

/** What kind of braces surround a token. */
export type Surrounding = "top" | "body" | "struct" | "enum" | "initialiser";

interface Frame {
  readonly surrounding: Surrounding;
  readonly parentheses: readonly number[];
  readonly statement: number;
  readonly assigned: boolean;
}

const CONTROL = new Set(["if", "while", "for", "switch"]);

/**
 * Follows the tokens of a file (without comments) and tells, before each one, what surrounds it and whether a
 * statement or declaration may begin there. It sees tokens only, so it survives code that the grammar cannot parse.
 */
export class ContextTracker {
  readonly #tokens: Tokens;
  readonly #language: "c" | "cpp";
  #frames: Frame[] = [];
  #surrounding: Surrounding = "top";
  /** Opening parentheses and brackets that are not closed in the current braces. */
  #parentheses: number[] = [];
  #statement = -1;
  #assigned = false;
  #previous = -1;
  #lastOpen = -1;
  #atStart = true;
  #boundary = true;
  /** Angle brackets that are open in the head of a template, and whether that head is complete. */
  #angles = 0;
  #templateEnded = false;

  constructor(tokens: Tokens, language: "c" | "cpp") {
    this.#tokens = tokens;
    this.#language = language;
  }

  /** A tracker that goes on from the same place on its own. */
  fork(): ContextTracker {
    const copy = new ContextTracker(this.#tokens, this.#language);
    copy.#frames = [...this.#frames];
    copy.#surrounding = this.#surrounding;
    copy.#parentheses = [...this.#parentheses];
    copy.#statement = this.#statement;
    copy.#assigned = this.#assigned;
    copy.#previous = this.#previous;
    copy.#lastOpen = this.#lastOpen;
    copy.#atStart = this.#atStart;
    copy.#boundary = this.#boundary;
    copy.#angles = this.#angles;
    copy.#templateEnded = this.#templateEnded;
    return copy;
  }

  get surrounding(): Surrounding {
    return this.#surrounding;
  }

  /** Number of open braces. */
  get depth(): number {
    return this.#frames.length;
  }

  /** Number of open parentheses and brackets since the last open brace. */
  get nesting(): number {
    return this.#parentheses.length;
  }

  /** Last token that was consumed, or -1. */
  get previous(): number {
    return this.#previous;
  }

  /** First token of the current statement or declaration, or -1 before it. */
  get statement(): number {
    return this.#statement;
  }

  /** Opening parenthesis of the one that was closed last, or -1. */
  get lastOpen(): number {
    return this.#lastOpen;
  }

  /** Whether a statement or declaration may begin at the next token, as after `;` or after `if (x)`. */
  get atStart(): boolean {
    return this.#atStart;
  }

  /** Whether a whole statement, declaration, field or enumerator has just ended, or none has begun. */
  get boundary(): boolean {
    return this.#boundary;
  }

  /** Whether an `=` or a `return` came in the current statement. */
  get assigned(): boolean {
    return this.#assigned;
  }

  /** Says that the tokens so far make a whole statement: a macro stood for it, or a directive came. */
  endStatement(): void {
    this.#atStart = true;
    this.#boundary = true;
    this.#statement = -1;
    this.#assigned = false;
    this.#angles = 0;
    this.#templateEnded = false;
  }

  /** Says that the tokens so far are the head of a loop or branch, whose statement comes next. */
  startBody(): void {
    this.#atStart = true;
  }

  /** Consumes token `t`. */
  consume(t: number): void {
    const tokens = this.#tokens;
    this.#atStart = false;
    this.#boundary = false;
    if (this.#statement < 0) this.#statement = t;
    if (tokens.kind[t] === TokenKind.punctuation) {
      this.#punctuation(t, tokens.text.charCodeAt(tokens.start[t] as number));
    } else if (tokens.kind[t] === TokenKind.identifier) {
      const word = tokenText(tokens, t);
      if (word === "else" || word === "do") this.#atStart = true;
      if (word === "return" && this.nesting === 0) this.#assigned = true;
    }
    this.#previous = t;
  }

  #punctuation(t: number, code: number): void {
    switch (code) {
      case 123:
        this.#open(t);
        break;
      case 125:
        this.#close();
        break;
      case 40:
      case 91:
        this.#parentheses.push(t);
        break;
      case 41:
      case 93:
        this.#lastOpen = this.#parentheses.pop() ?? -1;
        if (this.nesting === 0 && this.#lastOpen > 0 && CONTROL.has(this.#word(this.#lastOpen - 1)))
          this.#atStart = true;
        break;
      case 59:
        if (this.nesting === 0) this.endStatement();
        break;
      case 44:
        if (this.nesting === 0 && this.#surrounding === "enum") this.endStatement();
        break;
      case 58:
        this.#colon(t);
        break;
      case 61:
        if (this.nesting === 0 && !this.#isOperatorName(t)) this.#assigned = true;
        break;
      case 60:
      case 62:
        this.#templateBracket(code);
        break;
    }
  }

  /** Whether the punctuation up to `t` names an operator function: `operator*=`. */
  #isOperatorName(t: number): boolean {
    let before = t - 1;
    while (before >= 0 && this.#code(before) !== 0 && this.#tokens.end[before] === this.#tokens.start[before + 1])
      before--;
    return this.#word(before) === "operator";
  }

  /** Behind `template <...>` a declaration begins. */
  #templateBracket(code: number): void {
    if (this.nesting > 0 || this.#word(this.#statement) !== "template" || this.#templateEnded) return;
    this.#angles += code === 60 ? 1 : -1;
    if (this.#angles > 0) return;
    this.#templateEnded = true;
    this.#assigned = false;
    this.#atStart = true;
  }

  #word(t: number): string {
    return t >= 0 && this.#tokens.kind[t] === TokenKind.identifier ? tokenText(this.#tokens, t) : "";
  }

  #code(t: number): number {
    if (t < 0 || this.#tokens.kind[t] !== TokenKind.punctuation) return 0;
    return this.#tokens.text.charCodeAt(this.#tokens.start[t] as number);
  }

  #colon(t: number): void {
    if (this.nesting > 0 || this.#code(t + 1) === 58 || this.#code(t - 1) === 58) return;
    const first = this.#word(this.#statement);
    if (this.#surrounding === "body") {
      if (first === "case" || first === "default") this.endStatement();
      else if (first !== "" && this.#previous === this.#statement) {
        // A label needs a statement behind it, so this is a start but no boundary.
        this.#atStart = true;
        this.#statement = -1;
      }
    } else if (this.#surrounding === "struct" && (first === "public" || first === "private" || first === "protected")) {
      this.endStatement();
    }
  }

  #open(t: number): void {
    const surrounding = this.#classifyBrace(t);
    this.#frames.push({
      surrounding: this.#surrounding,
      parentheses: this.#parentheses,
      statement: this.#statement,
      assigned: this.#assigned,
    });
    this.#surrounding = surrounding;
    this.#parentheses = [];
    this.endStatement();
  }

  #close(): void {
    const closed = this.#surrounding;
    const frame = this.#frames.pop();
    if (frame === undefined) {
      this.#surrounding = "top";
      this.#parentheses = [];
      this.endStatement();
      return;
    }
    this.#surrounding = frame.surrounding;
    this.#parentheses = [...frame.parentheses];
    if ((closed === "body" || closed === "top") && this.nesting === 0) this.endStatement();
    else {
      this.#statement = frame.statement;
      this.#assigned = frame.assigned;
    }
  }

  /** What the brace at `t` opens; `#statement` is the first token of the construct before it. */
  #classifyBrace(t: number): Surrounding {
    const before = this.#previous;
    const code = this.#code(before);
    if (this.#surrounding === "initialiser") return code === 41 && this.#isLambda() ? "body" : "initialiser";
    if (code === 61) return "initialiser";
    if (this.nesting > 0) {
      if (code === 40) return "body";
      if (code === 41) return this.#isLambda() ? "body" : "initialiser";
      if (code === 93) return "body";
      return this.#language === "c" ? "body" : "initialiser";
    }
    // A brace behind a declaration at the top level is the body of a function in the style of K&R.
    if (before < 0 || code === 59 || code === 123 || code === 125) return "body";
    if (code === 41) {
      if (this.#assigned && !this.#isLambda()) return "initialiser";
      return this.#structHead(t) ?? "body";
    }
    const word = this.#word(before);
    if (word === "else" || word === "do" || word === "try") return "body";
    if (this.#tokens.kind[before] === TokenKind.string) return "top";
    return this.#structHead(t) ?? (this.#assigned && code !== 93 ? "initialiser" : "body");
  }

  #isLambda(): boolean {
    return this.#lastOpen > 0 && this.#code(this.#lastOpen - 1) === 93;
  }

  /** `struct`, `enum` or `top` when the statement before the brace is the head of such a declaration. */
  #structHead(t: number): Surrounding | null {
    let found: Surrounding | null = null;
    let parentheses = 0;
    let afterName = false;
    for (let i = Math.max(this.#statement, t - 250); i < t; i++) {
      const code = this.#code(i);
      if (code === 40) {
        // Parentheses belong to a function declarator unless an attribute stands before them.
        if (parentheses === 0 && found !== null && !afterName && !this.#word(i - 1).startsWith("__")) return null;
        parentheses++;
      } else if (code === 41) parentheses--;
      else if (code === 58) afterName ||= this.#code(i + 1) !== 58 && this.#code(i - 1) !== 58;
      else if (this.#word(i) === "template") i = this.#skipAngles(i + 1, t);
      else if (parentheses === 0 && !afterName) {
        const word = this.#word(i);
        if (word === "namespace") return "top";
        if (word === "enum") found = "enum";
        else if ((word === "struct" || word === "union" || word === "class") && found === null) found = "struct";
      }
    }
    return found;
  }

  /** Last token of the angle brackets that open at `from`, before `limit`; `from - 1` when none open there. */
  #skipAngles(from: number, limit: number): number {
    if (this.#code(from) !== 60) return from - 1;
    let depth = 0;
    for (let i = from; i < limit; i++) {
      const code = this.#code(i);
      if (code === 60) depth++;
      else if (code === 62 && --depth === 0) return i;
    }
    return from - 1;
  }
}
