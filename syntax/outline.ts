import { matchBrackets } from "./brackets.ts";
import { ContextTracker } from "./context.ts";
import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";

/** A function definition as the tokens tell it, without a parse. */
export interface OutlinedFunction {
  /** The name before the parameters; for a macro that makes a function it is the macro's name. */
  readonly name: string;
  /** Offset of the first token of the declaration. */
  readonly start: number;
  /** Offset of the opening brace of the body. */
  readonly body: number;
  /** Offset behind the closing brace, or the end of the text. */
  readonly end: number;
}

/** The functions of a file, told by its tokens (without comments and hidden branches). */
export function outlineFunctions(tokens: Tokens, language: "c" | "cpp"): OutlinedFunction[] {
  const context = new ContextTracker(tokens, language);
  const match = matchBrackets(tokens);
  const found: OutlinedFunction[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.directive) {
      if (context.boundary) context.endStatement();
      continue;
    }
    const { statement, surrounding, nesting } = context;
    const parameters = context.lastOpen;
    context.consume(t);
    const outer = (surrounding === "top" || surrounding === "struct") && nesting === 0;
    if (!outer || context.surrounding !== "body" || !isPunctuation(tokens, t, 123)) continue;
    if (parameters < 0) continue;
    // Behind a semicolon it is a function in the style of K&R, whose parameters came in the statements before.
    const oldStyle = isPunctuation(tokens, t - 1, 59);
    const behind = (match[parameters] as number) + 1;
    if (oldStyle ? tokens.kind[behind] !== TokenKind.identifier : parameters < statement) continue;
    const close = match[t] as number;
    const from = statement >= 0 ? statement : Math.max(0, parameters - 1);
    found.push({
      name:
        parameters > 0 && tokens.kind[parameters - 1] === TokenKind.identifier ? tokenText(tokens, parameters - 1) : "",
      start: tokens.start[from] as number,
      body: tokens.start[t] as number,
      end: close < 0 ? tokens.text.length : (tokens.end[close] as number),
    });
  }
  return found;
}
