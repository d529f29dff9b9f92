import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import type { ParsedFile, Span } from "../../syntax/source.ts";

const parser = await loadParser();

function parse(text: string, path: string): ParsedFile {
  const knowledge = parser.prepare([{ path, text }]);
  return parser.parse({ path, text }, knowledge);
}

function expectInside(file: ParsedFile): void {
  const { length } = file.text;
  const spans: Span[] = [
    ...file.hidden,
    ...file.macros.flatMap((macro) => [macro.span, macro.bodySpan]),
    ...file.includes.map((include) => include.span),
    ...file.unparsed.map((part) => part.span),
    ...file.conditionals.flatMap((group) => [group.span, ...group.branches.flatMap((b) => [b.directive, b.body])]),
  ];
  for (const { start, end } of spans) {
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeGreaterThanOrEqual(start);
    expect(end).toBeLessThanOrEqual(length);
  }
  for (const tree of [file.tree, ...file.alternatives]) {
    for (let n = 0; n < tree.size; n++) {
      expect(tree.end(n)).toBeLessThanOrEqual(length);
      expect(tree.end(n)).toBeGreaterThanOrEqual(tree.start(n));
    }
    if (tree.hasError(0) && tree === file.tree) expect(file.unparsed.length).toBeGreaterThan(0);
  }
}

const SEED = `#include <Python.h>
#define RETURN(x) do { return (x); } while (0)
typedef struct { PyObject_HEAD int n; } Thing;
static PyObject *thing_get(Thing *self, PyObject *Py_UNUSED(args)) {
  Py_BEGIN_ALLOW_THREADS
  work(self->n);
  Py_END_ALLOW_THREADS
#if PY_MAJOR_VERSION >= 3
  if (self->n) {
#else
  if (!self->n) {
#endif
    RETURN(PyLong_FromLong(self->n));
  }
  Py_RETURN_NONE;
}
static PyMethodDef methods[] = { {"get", (PyCFunction)thing_get, METH_NOARGS, "doc" }, {NULL} };
`;

describe("robustness", () => {
  it.each([
    ["an empty file", ""],
    ["white space", " \n\r\n\t"],
    ["one backslash", "\\"],
    ["an open comment", "int x; /* no end"],
    ["an open directive", "#define X \\"],
    ["carriage returns alone", "int x;\rint y;\r"],
    ["closing brackets", "}}}})))]]]"],
    ["opening brackets", "((((({{{{{[[[["],
    ["directives without an end", "#if 1\n#else\n#if 2\nint x;"],
    ["ends without a start", "#endif\n#endif\n#else\nint x;"],
  ])("survives %s", (_, text) => {
    expectInside(parse(text, "a.c"));
    expectInside(parse(text, "a.cpp"));
  });

  it("survives a file that is cut off anywhere", () => {
    for (let length = 0; length < SEED.length; length += 7) expectInside(parse(SEED.slice(0, length), "a.c"));
  });

  it("survives random damage", () => {
    const damage = fc.record({
      at: fc.nat(SEED.length),
      remove: fc.nat(30),
      insert: fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.constantFrom(
          "#if X\n",
          "#endif\n",
          "{",
          "}",
          "(",
          ")",
          '"',
          "/*",
          "\\\n",
          "PyFoo(",
          ";",
          "@",
          "\0",
          "#else\n",
        ),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("a.c", "a.cpp", "a.h"),
        (cuts, path) => {
          let text = SEED;
          for (const { at, remove, insert } of cuts) text = text.slice(0, at) + insert + text.slice(at + remove);
          expectInside(parse(text, path));
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  it("survives arbitrary bytes", () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => String.fromCharCode(...array));
    fc.assert(
      fc.property(bytes, (text) => {
        expectInside(parse(text, "a.c"));
      }),
      { numRuns: 100 },
    );
  });

  it("reports a file above the limit as a whole, quickly", () => {
    const text = `static const int table[] = {${"1, 2, 3, 4,\n".repeat(1_700_000)}};`;
    const file = parse(text, "big.c");
    expect(file.unparsed).toEqual([
      { span: { start: 0, end: text.length }, name: "", reason: "the file is larger than 8 MB" },
    ]);
  });
});
