/** Where the lock of the interpreter is held, on small functions. */
import { beforeAll, describe, expect, test } from "vitest";
import { computeThreadStates } from "../../analysis/thread-state.ts";
import { loadParser } from "../../cli/load-parser.ts";
import { buildCfg } from "../../syntax/build-cfg.ts";
import type { Parser } from "../../syntax/source.ts";
import { NONE } from "../../syntax/tree.ts";

let parser: Parser;

beforeAll(async () => {
  parser = await loadParser();
});

/** Expressions that run without the lock, and the place where it is out of turn. */
function statesOf(body: string): { readonly released: readonly string[]; readonly unbalanced: string | null } {
  const input = { path: "f.c", text: `#include <Python.h>\nint f(int n)\n{\n${body}\n}\n` };
  const file = parser.parse(input, parser.prepare([input]));
  const { tree } = file;
  const [fn] = [...tree.descendants(0, "function_definition")];
  const { released, unbalanced } = computeThreadStates(tree, buildCfg(file, fn ?? NONE));
  return {
    released: released.map((n) => tree.source(n)),
    unbalanced: unbalanced === null ? null : unbalanced === NONE ? "end" : tree.source(unbalanced),
  };
}

describe("the lock", () => {
  test("is released between the macros only", () => {
    const found = statesOf("a();\nPy_BEGIN_ALLOW_THREADS\nb();\nPy_END_ALLOW_THREADS\nc();\nreturn 0;");
    expect(found).toEqual({ released: ["b()"], unbalanced: null });
  });

  test("is taken for a part of them, and kept by a path that leaves there", () => {
    const found = statesOf(
      "Py_BEGIN_ALLOW_THREADS\nif (n) {\nPy_BLOCK_THREADS\na();\nif (n > 1) return 1;\nPy_UNBLOCK_THREADS\n}\nb();\n" +
        "Py_END_ALLOW_THREADS\nreturn 0;",
    );
    expect(found).toEqual({ released: ["n", "b()"], unbalanced: null });
  });

  test("may be released on one path only where paths meet", () => {
    const found = statesOf(
      "if (n) {\nPy_BEGIN_ALLOW_THREADS\ngoto out;\nPy_END_ALLOW_THREADS\n}\nout:\nc();\nreturn 0;",
    );
    expect(found.released).toEqual(["c()", "return 0;"]);
    expect(found.unbalanced).toBe("return 0;");
  });

  test("is released and taken by functions as well", () => {
    const found = statesOf("PyThreadState *s = PyEval_SaveThread();\na();\nPyEval_RestoreThread(s);\nb();\nreturn 0;");
    expect(found).toEqual({ released: ["a()"], unbalanced: null });
  });

  test.each([
    ["taken twice", "Py_BEGIN_ALLOW_THREADS\nPy_BLOCK_THREADS\nPy_BLOCK_THREADS\nPy_END_ALLOW_THREADS\nreturn 0;"],
    ["taken without a release", "PyEval_RestoreThread(0);\nreturn 0;"],
    ["taken within an expression", "s = PyEval_SaveThread();\nif ((PyEval_RestoreThread(s), n)) a();\nreturn 0;"],
    ["not given back", "Py_BEGIN_ALLOW_THREADS\nreturn 0;\nPy_END_ALLOW_THREADS"],
    ["not given back at the end", "s = PyEval_SaveThread();"],
  ])("is out of turn: %s", (_name, body) => {
    expect(statesOf(body).unbalanced).not.toBeNull();
  });
});
