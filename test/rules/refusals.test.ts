/** Every refusal that the code can give has a page, and every page belongs to one. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { explain } from "../../engine/explain.ts";
import { REFUSALS } from "../../engine/refusals.ts";
import { TRANSFORMS } from "../../engine/transform-pages.ts";
import { DIAGNOSTICS } from "../../lint/diagnostics.ts";
import { HANDLED } from "../../rules/handled.ts";
import { RULES, UNMAPPED } from "../../rules/table.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const FOLDERS = ["analysis", "transforms", "engine"];
/** Data that names ids without giving the refusal. */
const PAGES = ["refusals.ts", "transform-pages.ts", "explain.ts"];
const KEBAB = /^[a-z]+(-[a-z]+)*$/;

function sources(): ts.SourceFile[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith(".ts") && !PAGES.includes(file))
      .map((file) => {
        const path = join(ROOT, folder, file);
        return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
      }),
  );
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Text of the last name of a callee: `refuse` of `this.typing.refuse`. */
function calleeName(node: ts.CallExpression | ts.NewExpression): string {
  const callee = node.expression;
  return ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText();
}

/** Functions and methods with a parameter `id: string`, and its position. */
function idParameters(files: readonly ts.SourceFile[]): Map<string, number> {
  const found = new Map<string, number>([["Refused", 0]]);
  for (const file of files) {
    walk(file, (node) => {
      if (!ts.isFunctionLike(node)) return;
      const index = node.parameters.findIndex((p) => p.name.getText() === "id" && p.type?.getText() === "string");
      const named =
        ts.isConstructorDeclaration(node) || ts.isVariableDeclaration(node.parent)
          ? (node.parent as ts.ClassDeclaration | ts.VariableDeclaration).name
          : node.name;
      if (index >= 0 && named !== undefined) found.set(named.getText(), index);
    });
  }
  return found;
}

function literals(node: ts.Node): string[] {
  const texts: string[] = [];
  if (ts.isStringLiteral(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  return texts;
}

/** Ids of everything that the sources refuse with, and of objects that have an id and a message. */
function refusalIds(): Set<string> {
  const files = sources();
  const positions = idParameters(files);
  const ids = new Set<string>();
  for (const file of files) {
    walk(file, (node) => {
      if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
        const argument = node.arguments?.[positions.get(calleeName(node)) ?? -1];
        if (argument !== undefined) for (const text of literals(argument)) if (KEBAB.test(text)) ids.add(text);
      }
      if (ts.isObjectLiteralExpression(node)) {
        const names = node.properties.map((property) => property.name?.getText());
        const id = node.properties.find((property) => property.name?.getText() === "id");
        if (!names.includes("message") || id === undefined || !ts.isPropertyAssignment(id)) return;
        for (const text of literals(id.initializer)) ids.add(text);
      }
    });
  }
  return ids;
}

describe("pages of refusals", () => {
  test("are there for every refusal, and for nothing else", () => {
    // What `check` finds has the form of a refusal, and its page among the diagnostics.
    const diagnostics = new Set(DIAGNOSTICS.map((page) => page.id));
    const given = [...refusalIds()].filter((id) => !diagnostics.has(id));
    expect(REFUSALS.map((page) => page.id)).toEqual(given.sort());
  });

  test.each(REFUSALS.map((page) => [page.id, page] as const))("%s says what, why and what to do", (_, page) => {
    expect(page.title).toMatch(/^[A-Z#].*[^.]$/);
    for (const paragraph of page.text.split("\n\n")) expect(paragraph).toMatch(/^[A-Z`].*[.:]$/s);
    if (page.example !== undefined) expect(page.example.before).not.toBe(page.example.after);
  });
});

describe("pages of transforms", () => {
  test("are there for every id that edits carry", () => {
    const ids = new Set<string>();
    for (const file of sources()) {
      walk(file, (node) => {
        if (ts.isVariableDeclaration(node) && node.name.getText() === "RULE" && node.initializer !== undefined)
          for (const text of literals(node.initializer)) ids.add(text);
      });
    }
    expect(TRANSFORMS.map((page) => page.id)).toEqual([...ids].sort());
  });
});

describe("explain", () => {
  test("answers for every id and name, once", () => {
    const ids = [...RULES.values()].map((rule) => rule.id);
    const all = [...ids, ...[REFUSALS, TRANSFORMS, DIAGNOSTICS].flatMap((pages) => pages.map((page) => page.id))];
    expect(new Set(all).size).toBe(all.length);
    for (const id of [...all, ...RULES.keys(), ...UNMAPPED.keys(), ...HANDLED.keys()])
      expect(explain(id)).not.toBeNull();
  });

  test("tells rule, bridge, refusal and constant apart", () => {
    expect(explain("list-append")).toMatchObject({ kind: "rule", title: "PyList_Append in HPy" });
    expect(explain("PyList_SetSlice")).toMatchObject({ kind: "api", title: "moved by the rule list-set-slice" });
    expect(explain("PyWeakref_NewRef")).toMatchObject({ kind: "api", title: "bridged" });
    expect(explain("PyGILState_Ensure")).toMatchObject({ kind: "api", title: "keeps its function legacy" });
    expect(explain("PyMem_Malloc")).toMatchObject({ kind: "api", title: "stays as it is" });
    expect(explain("Py_INCREF")).toMatchObject({ kind: "api", title: "moved by a transform" });
    expect(explain("PyExc_ValueError")).toMatchObject({ example: { after: "ctx->h_ValueError" } });
    expect(explain("PySet_Type")).toMatchObject({ title: "without context handle" });
    expect(explain("unparsed")).toMatchObject({ kind: "refusal" });
    expect(explain("double-close")).toMatchObject({ kind: "diagnostic" });
    expect(explain("method-to-hpydef")).toMatchObject({ kind: "transform" });
  });

  test("answers null for anything else", () => {
    for (const text of ["", "nothing", "PyNothing_AtAll", "constructor"]) expect(explain(text)).toBeNull();
  });
});
