import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lex, TokenKind, tokenText } from "../../syntax/lexer.ts";

const NAMES = new Map(Object.entries(TokenKind).map(([name, kind]) => [kind as number, name]));

/** Tokens as `kind:text`. */
function tokens(text: string, as: "file" | "piece" = "file"): string[] {
  const found = lex(text, as);
  return Array.from({ length: found.count }, (_, t) => `${NAMES.get(found.kind[t] as number)}:${tokenText(found, t)}`);
}

describe("lex", () => {
  it("tells identifiers, numbers and punctuation apart", () => {
    expect(tokens("x1->y = 0x1Fu + 1e-5;")).toEqual([
      "identifier:x1",
      "punctuation:-",
      "punctuation:>",
      "identifier:y",
      "punctuation:=",
      "number:0x1Fu",
      "punctuation:+",
      "number:1e-5",
      "punctuation:;",
    ]);
  });

  it("takes a hexadecimal e for a digit and p for an exponent", () => {
    expect(tokens("0xe-1 0x1p-3")).toEqual(["number:0xe", "punctuation:-", "number:1", "number:0x1p-3"]);
  });

  it("keeps quotes and comment marks inside literals", () => {
    expect(tokens(`"a\\"/*b" '"' L"w" '\\''`)).toEqual([
      `string:"a\\"/*b"`,
      `character:'"'`,
      `string:L"w"`,
      `character:'\\''`,
    ]);
  });

  it("ends an unterminated literal at the end of its line", () => {
    expect(tokens(`"abc\nx`)).toEqual([`string:"abc`, "identifier:x"]);
  });

  it("continues a literal over a backslash and a line end of either style", () => {
    expect(tokens('"a\\\nb" "c\\\r\nd"')).toEqual(['string:"a\\\nb"', 'string:"c\\\r\nd"']);
  });

  it("reads raw strings of C++", () => {
    expect(tokens('R"x(a)" b)x" y')).toEqual(['string:R"x(a)" b)x"', "identifier:y"]);
  });

  it("makes one token of a directive with its continuation lines and comments", () => {
    expect(tokens("  # define A(x) \\\r\n  x /* one\n two */ + 1\r\ny")).toEqual([
      "directive:# define A(x) \\\r\n  x /* one\n two */ + 1",
      "identifier:y",
    ]);
  });

  it("does not end a directive at a quote or a comment mark inside a string", () => {
    expect(tokens('#define U "http://x" /* c */\ny')).toEqual([
      'directive:#define U "http://x" /* c */',
      "identifier:y",
    ]);
  });

  it("sees a directive only at the start of a line, comments apart", () => {
    expect(tokens("/* c */ #if X\na # b")).toEqual([
      "comment:/* c */",
      "directive:#if X",
      "identifier:a",
      "punctuation:#",
      "identifier:b",
    ]);
    expect(tokens("#x", "piece")).toEqual(["punctuation:#", "identifier:x"]);
  });

  it("keeps a line comment going over a continuation and apart from the carriage return", () => {
    expect(tokens("// a\\\nb\r\nc")).toEqual(["comment:// a\\\nb", "identifier:c"]);
  });

  it("takes bytes above 0x7f for letters", () => {
    expect(tokens("\xc3\xa4b = 1")).toEqual(["identifier:\xc3\xa4b", "punctuation:=", "number:1"]);
  });

  it("covers every text with ascending tokens and nothing but white space between them", () => {
    const piece = fc.constantFrom(
      "#",
      "if",
      '"',
      "'",
      "/*",
      "*/",
      "//",
      "\\\n",
      "\n",
      "\r\n",
      "R",
      "(",
      ")",
      "1.e+",
      " ",
      "\0",
      "é",
      "@",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        const found = lex(text);
        let last = 0;
        for (let t = 0; t < found.count; t++) {
          const start = found.start[t] as number;
          const end = found.end[t] as number;
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(text.slice(last, start).replace(/\\\r?\n/g, "")).toMatch(/^[\s\0]*$/);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
