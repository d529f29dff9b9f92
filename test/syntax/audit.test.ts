import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import type { Unparsed } from "../../syntax/source.ts";

const parser = await loadParser();

function unparsed(text: string, path = "a.c"): readonly Unparsed[] {
  return parser.parse({ path, text }, parser.prepare([{ path, text }])).unparsed;
}

describe("audit", () => {
  it("names the function that holds a syntax error, and only that one", () => {
    const text = "int good(void) { return 1; }\nint bad(void) { return @ 1 2; }\nint fine(void) { return 2; }\n";
    const found = unparsed(text);
    expect(found.map((part) => part.name)).toEqual(["bad"]);
    expect(text.slice(found[0]?.span.start, found[0]?.span.end)).toBe("int bad(void) { return @ 1 2; }");
    expect(found[0]?.reason).toContain("syntax error");
  });

  it("notices a macro that hides the call behind it as a declaration", () => {
    // Nothing tells that `guard` is a macro, and the line parses as a declaration of PyList_Append.
    const found = unparsed("int f(void) { guard PyList_Append(a, b); return 0; }");
    expect(found.map(({ name, reason }) => [name, reason])).toEqual([
      ["f", "the tree does not show the call of PyList_Append as a call"],
    ]);
  });

  it("notices a call that is lost inside a macro's argument", () => {
    const found = unparsed("int f(void) { RUN(if (x) return PyErr_NoMemory()); return 0; }");
    expect(found.map((part) => part.name)).toEqual(["f"]);
  });

  it("accepts prototypes, definitions, function pointers and calls", () => {
    const text = `PyObject *PyX_New(int);
static PyObject *PyX_Copy(PyObject *self) { return PyX_New(1); }
static PyObject *(*hook)(PyObject *) = NULL;
#define CALL(x) PyX_New(x)
int f(void) { void (*p)(void) = (void (*)(void))PyX_Copy; return PyX_New(2) != NULL && (PyX_New)(3) && hook(NULL); }
`;
    expect(unparsed(text)).toEqual([]);
  });

  it("accepts methods and qualified names of C++", () => {
    const text = "void f(A *a) { a->PyCall(1); N::PyCall(2); ::PyCall(3); PyCast<int>(4); A b(PyCall(5)); }";
    expect(unparsed(text, "a.cpp")).toEqual([]);
  });

  it("reports a file that is no C as one part or a few", () => {
    expect(unparsed("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde", "a.c")).toMatchObject([
      { reason: "binary data, not C" },
    ]);
    expect(unparsed("/**begin repeat\n * #a = b, c#\n */\nint @a@;\n/**end repeat**/", "a.c.src")).toMatchObject([
      { reason: "a template, not C: it has to be expanded first" },
    ]);
    expect(unparsed('def f(x):\n    """Text."""\n    return [y for y in x]\n', "a.c").length).toBeGreaterThan(0);
  });

  it("reports the function in which a truncated file ends", () => {
    expect(unparsed("int a(void) { return 0; }\nint b(void) { if (x) {").map((part) => part.name)).toEqual(["b"]);
  });
});
