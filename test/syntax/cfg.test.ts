import { describe, expect, it } from "vitest";
import { buildCfg } from "../../syntax/build-cfg.ts";
import type { Cfg } from "../../syntax/cfg.ts";
import type { Conditional, Liveness, ParsedFile } from "../../syntax/source.ts";
import { NONE } from "../../syntax/tree.ts";
import { parseFlat } from "./flat.ts";

function graph(text: string, language: "c" | "cpp" = "c", conditionals: Conditional[] = []): [ParsedFile, Cfg] {
  const file = parseFlat(text, language, conditionals);
  const [definition] = file.tree.descendants(0, "function_definition");
  if (definition === undefined) throw new Error("no function");
  return [file, buildCfg(file, definition)];
}

/** What is evaluated along every path (each node at most `visits` times), joins left out. */
function paths([file, cfg]: [ParsedFile, Cfg], visits = 1): string[] {
  const found: string[] = [];
  const walk = (id: number, trail: readonly string[], seen: ReadonlyMap<number, number>): void => {
    const node = cfg.nodes[id];
    if (node === undefined) throw new Error(`edge to a node that does not exist: ${id}`);
    const count = (seen.get(id) ?? 0) + 1;
    if (count > visits) return;
    const now = new Map(seen).set(id, count);
    const text = node.syntax === NONE ? "" : file.tree.source(node.syntax);
    if (node.kind === "exit") found.push(trail.join(" "));
    else if (node.successors.length === 0) found.push([...trail, text, "!"].join(" "));
    for (const { to, guard } of node.successors) {
      const shown = { always: "", true: "+", false: "-", alternative: "?", case: "" }[guard.kind];
      const arm = guard.kind === "case" ? (guard.value === NONE ? ":" : `=${file.tree.source(guard.value)}`) : shown;
      const silent = node.kind === "entry" || node.kind === "join";
      walk(to, silent ? (arm === "" ? trail : [...trail, arm]) : [...trail, `${text}${arm}`], now);
    }
  };
  walk(0, [], new Map());
  return found.sort();
}

const body = (code: string): string[] => paths(graph(`int f(int n) { ${code} }`));

describe("buildCfg", () => {
  it("orders statements and both ways out of an if", () => {
    expect(body("int a = 1; if (n) a(); else b(); c();")).toEqual(["int a = 1; n+ a() c()", "int a = 1; n- b() c()"]);
    expect(body("if (n) return 1; else if (m) return 2; return 3;")).toEqual([
      "n+ return 1;",
      "n- m+ return 2;",
      "n- m- return 3;",
    ]);
  });

  it("knows the conditions that are constant", () => {
    expect(body("while (1) { if (n) break; a(); } b();")).toEqual(["n+ break; b()"].map((p) => `1+ ${p}`));
    expect(body("for (;;) { if (n) return 1; }")).toEqual(["n+ return 1;"]);
    expect(body("do { if (n) break; a(); } while (0); b();")).toEqual(["n+ break; b()", "n- a() 0- b()"]);
    expect(body("if (0) a(); b();")).toEqual(["0- b()"]);
    expect(body("while (!0x0UL) { return 1; }")).toEqual(["!0x0UL+ return 1;"]);
  });

  it("keeps code that nothing reaches", () => {
    const [file, cfg] = graph("int f(void) { return 1; a(); }");
    const texts = cfg.nodes.map((n) => (n.syntax === NONE ? "" : file.tree.source(n.syntax)));
    expect(texts).toContain("a()");
  });

  it("goes round loops and out of them", () => {
    expect(paths(graph("int f(int n) { while (n) { if (a) continue; b(); } c(); }"), 2)).toEqual([
      "n+ a+ continue; n- c()",
      "n+ a- b() n- c()",
      "n- c()",
    ]);
    expect(paths(graph("int f(int n) { for (int i = 0; i < n; i++) { if (a) continue; b(); } }"), 2)).toEqual([
      "int i = 0; i < n+ a+ continue; i++ i < n-",
      "int i = 0; i < n+ a- b() i++ i < n-",
      "int i = 0; i < n-",
    ]);
    expect(paths(graph("int f(int n) { do { if (a) continue; b(); } while (n); }"), 2)).toContain(
      "a+ continue; n+ a- b() n-",
    );
  });

  it("falls through the arms of a switch", () => {
    expect(body("switch (n) { case 1: a(); case 2: b(); break; default: c(); } d();")).toEqual([
      "n: c() d()",
      "n=1 a() b() break; d()",
      "n=2 b() break; d()",
    ]);
    expect(body("switch (n) { case 1: case 2: a(); break; }")).toEqual(["n:", "n=1 a() break;", "n=2 a() break;"]);
    expect(body("while (n) { switch (m) { case 1: continue; case 2: break; } a(); }").length).toBeGreaterThan(0);
    expect(body("for (;;) { switch (m) { case 1: break; default: return 1; } b(); return 2; }")).toEqual([
      "m: return 1;",
      "m=1 break; b() return 2;",
    ]);
  });

  it("follows goto forwards, backwards and into blocks", () => {
    expect(body("if (n) goto done; a(); done: b(); return 1;")).toEqual([
      "n+ goto done; b() return 1;",
      "n- a() b() return 1;",
    ]);
    expect(paths(graph("int f(int n) { again: a(); if (n) goto again; }"), 2)).toEqual([
      "a() n+ goto again; a() n-",
      "a() n-",
    ]);
  });

  it("says what it cannot show", () => {
    const reason = (code: string, language: "c" | "cpp" = "c"): string | undefined =>
      graph(`int f(int n) { ${code} }`, language)[1].problem?.reason;
    expect(reason("goto nowhere;")).toMatch("label");
    expect(reason("void *p = &&a; goto *p; a: b();")).toBeDefined();
    expect(reason("int x = ({ g(); 1; });")).toMatch("statement inside");
    expect(reason("try { a(); } catch (...) { b(); }", "cpp")).toMatch("exceptions");
    expect(reason("throw 1;", "cpp")).toMatch("exceptions");
    expect(reason("auto g = [](int x) { return x; }; return g(n);", "cpp")).toBeUndefined();
    expect(reason("a(")).toMatch("parse");
    expect(reason("a(); { ; } struct s { int x; }; typedef int t; #define X 1\n return 1;")).toBeUndefined();
  });

  it("ends a path where control does not come back or a macro returns", () => {
    expect(body('if (n) Py_FatalError("x"); a();')).toEqual(['n+ Py_FatalError("x") !', "n- a()"]);
    const [file, cfg] = graph("int f(int n) { if (n) Py_RETURN_NONE; Py_RETURN_RICHCOMPARE(1, 2, n); a(); }");
    const returns = cfg.nodes.filter((n) => n.kind === "return").map((n) => file.tree.source(n.syntax));
    expect(returns).toEqual(["Py_RETURN_NONE", "Py_RETURN_RICHCOMPARE(1, 2, n)"]);
    expect(paths([file, cfg])).toEqual(["n+ Py_RETURN_NONE", "n- Py_RETURN_RICHCOMPARE(1, 2, n)"]);
  });

  const group = (text: string, ...liveness: Liveness[]): Conditional[] => {
    const lines: { start: number; end: number }[] = [];
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf("\n", at) < 0 ? text.length : text.indexOf("\n", at);
      if (text[at] === "#") lines.push({ start: at, end });
      at = end + 1;
    }
    return [
      {
        span: { start: lines[0]?.start ?? 0, end: lines.at(-1)?.end ?? 0 },
        branches: liveness.map((live, i) => ({
          directive: lines[i] ?? { start: 0, end: 0 },
          condition: "",
          body: { start: lines[i]?.end ?? 0, end: lines[i + 1]?.start ?? 0 },
          liveness: live,
        })),
      },
    ];
  };

  it("takes each branch of #if as an alternative and leaves dead ones out", () => {
    const text = "int f(int n) {\n#if X\na();\n#elif Y\nb();\n#else\nc();\n#endif\nd(); }";
    const shown = (...liveness: Liveness[]): string[] => paths(graph(text, "c", group(text, ...liveness)));
    expect(shown("unknown", "unknown", "unknown")).toEqual(["? a() d()", "? b() d()", "? c() d()"]);
    expect(shown("dead", "live", "dead")).toEqual(["b() d()"]);
    expect(shown("dead", "dead", "live")).toEqual(["c() d()"]);
    const open = "int f(int n) {\n#ifdef X\na();\n#endif\nd(); }";
    expect(paths(graph(open, "c", group(open, "unknown")))).toEqual(["? a() d()", "? d()"]);
    expect(paths(graph(open, "c", group(open, "dead")))).toEqual(["d()"]);
    expect(paths(graph(open, "c", group(open, "live")))).toEqual(["a() d()"]);
  });

  it("reads the C++ forms of conditions and loops", () => {
    expect(paths(graph("int f() { if (int x = g(); x) a(); b(); }", "cpp"))).toEqual([
      "int x = g(); x+ a() b()",
      "int x = g(); x- b()",
    ]);
    expect(paths(graph("int f() { for (auto &x : xs) a(x); b(); }", "cpp"), 2)).toContain("xs ? a(x) ? b()");
  });

  it("tells the innermost statement of every node", () => {
    const [file, cfg] = graph("int f(int n) { if (n) { a(); } else b(); done: c(); }");
    const at = (text: string): string => {
      const node = cfg.nodes.find((x) => x.syntax !== NONE && file.tree.source(x.syntax) === text);
      return node === undefined ? "" : file.tree.source(cfg.statement[node.id] ?? NONE);
    };
    expect(at("a()")).toBe("a();");
    expect(at("b()")).toBe("b();");
    expect(at("c()")).toBe("c();");
    expect(at("n")).toBe("if (n) { a(); } else b();");
  });
});
