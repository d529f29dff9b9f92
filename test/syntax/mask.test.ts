import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseBranches } from "../../syntax/choice.ts";
import { evaluateConditionals } from "../../syntax/conditionals.ts";
import { groupDirectives, readDefinition, withoutComments } from "../../syntax/directives.ts";
import { platformFacts } from "../../syntax/facts.ts";
import { lex } from "../../syntax/lexer.ts";
import { classifyMacros } from "../../syntax/macros.ts";
import { mask } from "../../syntax/mask.ts";
import type { MacroDefinition } from "../../syntax/source.ts";

/** Masks a text with the macros that it defines itself. */
function masked(text: string, language: "c" | "cpp" = "c"): { text: string; inserted: readonly number[] } {
  const tokens = withoutComments(lex(text));
  const definitions = new Map<string, (MacroDefinition & { path: string })[]>();
  for (let t = 0; t < tokens.count; t++) {
    const found = readDefinition(tokens, t);
    if (found !== null) definitions.set(found.name, [...(definitions.get(found.name) ?? []), { ...found, path: "x" }]);
  }
  const groups = groupDirectives(tokens);
  const evaluated = evaluateConditionals(tokens, groups, platformFacts(language));
  const macros = classifyMacros(definitions);
  const keep = chooseBranches({ groups, ...evaluated }, new Map());
  return mask({ tokens, groups, macros, language, forced: new Set(), keep, only: null });
}

/** The masked text without the definitions in front of it. */
function line(text: string, language: "c" | "cpp" = "c"): string {
  return masked(text, language).text.split("\n").at(-1) ?? "";
}

describe("mask", () => {
  it("ends macros of Python.h that stand for statements", () => {
    expect(masked("void f(void) {\n  Py_BEGIN_ALLOW_THREADS\n  g();\n  Py_END_ALLOW_THREADS\n}")).toMatchObject({
      text: "void f(void) {\n  Py_BEGIN_ALLOW_THREADS;  g();\n  Py_END_ALLOW_THREADS;}",
      inserted: [39, 69],
    });
  });

  it("makes a field of PyObject_HEAD", () => {
    expect(line("struct s { PyObject_HEAD int x; };")).toBe("struct s { PyObject_HEAD;int x; };");
    expect(line("struct s { PyObject_HEAD; int x; };")).toBe("struct s { PyObject_HEAD; int x; };");
  });

  it("blanks macros that are attributes by their definition, and no others", () => {
    expect(line('#define HIDE __attribute__((visibility("hidden")))\nHIDE int f(void);')).toBe("     int f(void);");
    expect(line("#define QUICK static inline\nQUICK int f(void);")).toBe("      int f(void);");
    expect(line("#define WORD unsigned int\nWORD f(void);")).toBe("WORD f(void);");
  });

  it("follows macros that are defined by others", () => {
    expect(line("#define A inline\n#define B static A\nB int f(void);")).toBe("  int f(void);");
  });

  it("unwraps macros around a type and around the name of a parameter", () => {
    expect(line("#define API(t) extern t\nAPI(int) f(void);")).toBe("    int  f(void);");
    expect(line("void f(PyObject *Py_UNUSED(x), int y);")).toBe("void f(PyObject *          x , int y);");
    expect(line("#define NO(x) x __attribute__((unused))\nvoid f(int NO(x)) {}")).toBe("void f(int    x ) {}");
  });

  it("leaves expressions in parentheses alone", () => {
    expect(line("#define TWICE(x) (2 * (x))\nint f(int a) { return TWICE(a); }")).toBe(
      "int f(int a) { return TWICE(a); }",
    );
  });

  it("turns types, operators and statements among arguments into names", () => {
    expect(line("void f(void) { x = va_arg(ap, PyObject *); }")).toBe("void f(void) { x = va_arg(ap, _yObject__); }");
    expect(line("void f(void) { CHECK(a, <=, goto fail); }")).toBe("void f(void) { CHECK(a, __, _oto_fail); }");
  });

  it("shows a loop macro as a loop", () => {
    expect(line("#define EACH_ONE(i, n) for (i = 0; i < n; i++)\nvoid f(void) { EACH_ONE(i, 3) { g(i); } }")).toBe(
      "void f(void) { while   (i, 3) { g(i); } }",
    );
  });

  it("makes strings of string macros", () => {
    expect(line('void f(void) { g("%" PRId64 "\\n"); }')).toBe('void f(void) { g("%" "RId6" "\\n"); }');
  });

  it("writes the comma that PyObject_HEAD_INIT brings along", () => {
    expect(masked("T x = { PyObject_HEAD_INIT(NULL)\n0 };").text).toBe("T x = { PyObject_HEAD_INIT(NULL),0 };");
  });

  it("keeps one branch of a conditional that cuts an expression in two", () => {
    expect(masked("int x = 1\n#ifdef _WIN32\n+ 2\n#else\n+ 3\n#endif\n;").text).toBe(
      "int x = 1\n             \n   \n     \n+ 3\n      \n;",
    );
  });

  it("keeps conditionals between whole statements", () => {
    const text = "void f(void) {\n#ifdef A\n  g();\n#else\n  h();\n#endif\n}";
    expect(masked(text).text).toBe(text);
  });

  it.each([
    ["an else chain", "void f(void) {\n if (a) b();\n#ifdef X\n else c();\n#endif\n}"],
    ["a function header", "#ifdef X\nint f(void)\n#else\nlong f(void)\n#endif\n{ return 0; }"],
    ["a table", "int t[] = {\n 1,\n#ifdef X\n 2,\n#endif\n 3 };"],
    ["arguments", "void f(void) { g(1\n#ifdef X\n , 2\n#endif\n); }"],
    ["a brace", "void f(void) {\n#ifdef X\n if (a) {\n#endif\n b();\n#ifdef X\n }\n#endif\n}"],
    ["a statement behind if", "void f(void) { if (a)\n#ifdef X\n b();\n#else\n c();\n#endif\n}"],
  ])("reduces a conditional that splits %s", (_, text) => {
    expect(masked(text).text).not.toContain("#");
  });

  it("shows `T x(f(y));` of C++ as a variable", () => {
    expect(line("void f() { Ptr p(PyLong_FromLong(1)); }", "cpp")).toBe("void f() { Ptr p{PyLong_FromLong(1)}; }");
    expect(line("void f() { g(PyLong_FromLong(1)); }", "cpp")).toBe("void f() { g(PyLong_FromLong(1)); }");
  });

  it("keeps the length of every text and all of its line ends but those that became punctuation", () => {
    const word = fc.constantFrom(
      ...'PyObject_HEAD Py_UNUSED(x) ( ) { } ; , = # if #ifdef X\n #else\n #endif\n int struct FOO FOO(1) 12 return goto * & " \' /* */ // \n \r\n \\\n namespace template < > operator : PRId64 extern "C"'.split(
        " ",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 60 }),
        fc.constantFrom("c" as const, "cpp" as const),
        (words, language) => {
          const text = words.join(" ");
          const result = masked(text, language);
          expect(result.text.length).toBe(text.length);
          for (const at of result.inserted) expect(";,").toContain(result.text[at]);
          for (let i = 0; i < text.length; i++) {
            if (text[i] !== "\n") expect(result.text[i] === "\n").toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
