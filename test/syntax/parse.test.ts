import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import type { ParsedFile } from "../../syntax/source.ts";
import type { Tree } from "../../syntax/tree.ts";

const parser = await loadParser();

function parse(text: string, path = "a.c"): ParsedFile {
  return parser.parse({ path, text }, parser.prepare([{ path, text }]));
}

/** Source texts of the callees in a tree. */
function callees(tree: Tree): string[] {
  return [...tree.descendants(0, "call_expression")].map((n) => tree.source(tree.field(n, "function")));
}

function definitions(tree: Tree): string[] {
  return [...tree.descendants(0, "function_definition")].map((n) => {
    let declarator = tree.field(n, "declarator");
    while (tree.field(declarator, "declarator") >= 0) declarator = tree.field(declarator, "declarator");
    return tree.source(declarator);
  });
}

describe("parse", () => {
  it("gives columns in preorder with consistent spans", () => {
    const { tree } = parse("int f(int a) { return g(a) + 1; } /* end */\n");
    expect(tree.parent(0)).toBe(-1);
    expect(tree.next(0)).toBe(tree.size);
    for (let n = 1; n < tree.size; n++) {
      const parent = tree.parent(n);
      expect(parent).toBeLessThan(n);
      expect(tree.next(n)).toBeLessThanOrEqual(tree.next(parent));
      expect(tree.start(n)).toBeGreaterThanOrEqual(tree.start(parent));
      expect(tree.end(n)).toBeLessThanOrEqual(tree.end(parent));
      expect(tree.children(parent)).toContain(n);
    }
    const comment = [...tree.descendants(0, "comment")][0] as number;
    expect((tree.columns.flags[comment] as number) & 8).toBe(8);
    expect(tree.source(tree.field([...tree.descendants(0, "call_expression")][0] as number, "arguments"))).toBe("(a)");
  });

  it("joins the lines of a string under CRLF, and keeps what is behind it", () => {
    const text = 'static char doc[] = "One\\n\\\r\ntwo.\\n\\\r\n";\r\nint f(void)\r\n{\r\n return 1;\r\n}\r\n';
    const { tree, unparsed } = parse(text);
    expect(unparsed).toEqual([]);
    expect(definitions(tree)).toEqual(["f"]);
    expect([...tree.descendants(0, "string_literal")].map((n) => tree.source(n))).toEqual([
      '"One\\n\\\r\ntwo.\\n\\\r\n"',
    ]);
  });

  it("keeps offsets and sources those of the original around masked text", () => {
    const text = "typedef struct { PyObject_HEAD\n int x; } T;\nvoid f(void) { Py_BEGIN_ALLOW_THREADS\n g(); }\n";
    const { tree, unparsed } = parse(text);
    expect(unparsed).toEqual([]);
    const fields = [...tree.descendants(0, "field_declaration")].map((n) => tree.source(n));
    expect(fields).toEqual(["PyObject_HEAD", "int x;"]);
    const statements = [...tree.descendants(0, "expression_statement")].map((n) => tree.source(n));
    expect(statements).toEqual(["Py_BEGIN_ALLOW_THREADS", "g();"]);
  });

  it.each([
    ["a method", "static PyObject * f(PyObject *self, PyObject *Py_UNUSED(args)) /* METH */ { return g(self); }"],
    ["a module", "PyMODINIT_FUNC\nf(void)\n{ return g(0); }"],
    ["docstrings", 'PyDoc_STRVAR(d, "text\\n" "more");\nint f(void) { return g(0); }'],
    ["static strings", "_Py_IDENTIFIER(write);\nint f(void) { return g(0); }"],
    ["K&R", "int f(a, b) int a; char *b; { return g(a); }"],
    ["a macro without semicolon", "#define CHECK(x) do { g(x); } while (0);\nint f(int a) { CHECK(a) return g(a); }"],
    ["attributes", "__attribute__((noinline)) static int f(int a) { return g(a); }"],
    ["an attribute behind", "int f(int a) __attribute__((pure));\nint f(int a) { return g(a); }"],
    ["an unknown attribute", "EXPORTED int f(int a) { return g(a); }\nEXPORTED const char *h(void);"],
    ["assembler", 'int f(int a) { __asm__ volatile ("nop" : : : CLOBBERS); return g(a); }'],
    ["statement expressions", "int f(int a) { return ({ int b = a; g(b); }); }"],
    ["function pointers", "PyObject *f(PyObject *(*h)(PyObject *), int a) { return g(h(a)); }"],
    [
      "extern C",
      '#ifdef __cplusplus\nextern "C" {\n#endif\nint f(int a) { return g(a); }\n#ifdef __cplusplus\n}\n#endif',
    ],
    ["computed goto", "int f(int a) { static void *t[] = { &&one }; goto *t[a]; one: return g(a); }"],
    ["case ranges", "int f(int a) { switch (a) { case 1 ... 5: return g(a); } return 0; }"],
    ["trailing space", '#include "x.h" \n#define EMPTY \nint f(int a) { return g(a); }'],
    ["a parenthesised name", "typedef int (cb)(void *, int);\nint f(int a) { return g(a); }"],
    ["a name macro", "#define NAME(x) mod_ ## x\nint NAME(f)(int a) { return g(a); }"],
    ["a macro function", "TESTCASE(f) { return g(0); }"],
    ["a unit", "#define KB *1024\nint f(void) { return g(16 KB); }"],
    ["CRLF", "#define X \\\r\n 1\r\nint f(int a) {\r\n  Py_BEGIN_ALLOW_THREADS\r\n  return g(a);\r\n}\r\n"],
    ["a byte order mark", "\xef\xbb\xbfint f(int a) { return g(a); }"],
    ["a NUL byte", "int f(int a) {\0 return g(a); }"],
    ["no final newline", "int f(int a) { return g(a); }\n#define X"],
    ["a divided table", "int t[] = {\n#ifdef A\n 1\n#endif\n};\nint f(int a) { return g(a); }"],
  ])("parses %s", (_, text) => {
    const { tree, unparsed } = parse(text);
    expect(unparsed).toEqual([]);
    expect(definitions(tree)).toContain("f");
    expect(callees(tree)).toContain("g");
  });

  it("tells C++ by extension, and headers by what they hold", () => {
    expect(parse("int x;", "a.cpp").language).toBe("cpp");
    expect(parse("int x;", "a.h").language).toBe("c");
    expect(parse("namespace a { int x; }", "a.h").language).toBe("cpp");
    expect(parse("#ifdef __cplusplus\ntemplate <class T> T f();\n#endif\nint x;", "a.h").language).toBe("c");
  });

  it("takes a header that only C++ sources include for C++", () => {
    const header = { path: "src/a.h", text: "void f(const Foo& x);" };
    const language = (source: string): string => {
      const knowledge = parser.prepare([header, { path: source, text: '#include "a.h"\n' }]);
      return parser.parse(header, knowledge).language;
    };
    expect(language("src/a.cpp")).toBe("cpp");
    expect(language("src/a.c")).toBe("c");
  });

  it("shows the other branches of a divided construct in alternatives", () => {
    const file = parse(
      "int f(int a) {\n  if (a)\n#ifdef A\n    one();\n#elif defined(B)\n    two();\n#else\n    three();\n#endif\n  return 0;\n}\nint h(void) { return four(); }\n",
    );
    expect(callees(file.tree)).toEqual(["one", "four"]);
    expect(file.alternatives.map(callees)).toEqual([["two"], ["three"]]);
    expect(file.hidden.map(({ start, end }) => file.text.slice(start, end))).toEqual([
      "    two();\n",
      "    three();\n",
    ]);
  });

  it("shows each nested branch in some tree", () => {
    const file = parse(
      "int t[] = {\n#ifdef A\n#ifdef B\nb(),\n#else\nc(),\n#endif\n#else\n#ifdef C\nd(),\n#else\ne(),\n#endif\n#endif\n};\n",
    );
    const shown = [file.tree, ...file.alternatives].flatMap(callees);
    expect([...new Set(shown)].sort()).toEqual(["b", "c", "d", "e"]);
  });

  it("keeps the branch that is live on CPython 3.11", () => {
    const { tree } = parse("int f(void) { return g(\n#if PY_MAJOR_VERSION < 3\n old()\n#else\n new()\n#endif\n); }");
    expect(callees(tree)).toEqual(["g", "new"]);
  });

  it("leaves dead branches between statements in the tree", () => {
    const file = parse("int f(void) {\n#if PY_MAJOR_VERSION < 3\n  old();\n#endif\n  return 0;\n}");
    expect(callees(file.tree)).toEqual(["old"]);
    expect(file.conditionals[0]?.branches[0]).toMatchObject({ condition: "PY_MAJOR_VERSION < 3", liveness: "dead" });
  });

  it("reports macros, includes and conditionals with their spans", () => {
    const text =
      '#include <a.h> // why\n# include "b/c.h"\n#define ADD(x, \\\n y) ((x) + /* and */ \\\n (y))\n#define N\n#ifndef Q\n#endif\n';
    const file = parse(text);
    expect(file.includes.map(({ path, system }) => [path, system])).toEqual([
      ["a.h", true],
      ["b/c.h", false],
    ]);
    const [add, n] = file.macros;
    expect(add).toMatchObject({ name: "ADD", parameters: ["x", "y"] });
    expect(add?.body.replace(/\s+/g, " ")).toBe("((x) + (y))");
    expect(text.slice(add?.bodySpan.start, add?.bodySpan.end)).toBe("((x) + /* and */ \\\n (y))");
    expect(n).toMatchObject({ name: "N", parameters: null, body: "" });
    expect(file.conditionals[0]?.branches[0]?.condition).toBe("!defined(Q)");
    expect(text.slice(file.conditionals[0]?.span.start, file.conditionals[0]?.span.end)).toBe("#ifndef Q\n#endif");
  });

  it("parses fragments with offsets of the fragment", () => {
    const expression = parser.parseFragment("PyLong_FromLong(x)", "expression", "c");
    const call = [...expression.descendants(0, "call_expression")][0] as number;
    expect([expression.start(call), expression.end(call)]).toEqual([0, 18]);
    const statements = parser.parseFragment("do { f(a); } while (0)", "statements", "c");
    expect(callees(statements)).toEqual(["f"]);
    const pasted = parser.parseFragment("PyErr_##kind(a_ ## b ## _c, #a, ## __VA_ARGS__)", "expression", "c");
    expect(pasted.hasError(0)).toBe(false);
    const inner = pasted.named([...pasted.descendants(0, "argument_list")][0] as number);
    expect(inner.map((n) => pasted.source(n))).toEqual(["a_ ## b ## _c", "a", "__VA_ARGS__"]);
    const threads = parser.parseFragment("Py_BEGIN_ALLOW_THREADS f(); Py_END_ALLOW_THREADS", "statements", "c");
    expect(threads.hasError(0)).toBe(false);
    expect(callees(threads)).toEqual(["f"]);
    const file = parser.parseFragment("int f(void);", "file", "cpp");
    expect(file.hasError(0)).toBe(false);
  });
});
