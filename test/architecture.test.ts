/** ARCHITECTURE.md's rules about folders, read off the import statements. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** What each folder may import from, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  syntax: [],
  model: ["syntax"],
  analysis: ["syntax", "model"],
  lint: ["syntax", "model"],
  rules: ["syntax", "model", "analysis"],
  transforms: ["syntax", "model", "analysis"],
  engine: ["syntax", "model", "analysis", "rules", "transforms", "lint"],
  verify: ["syntax", "model", "engine"],
  report: ["syntax", "model", "engine"],
  page: ["report"],
  lsp: ["syntax", "model", "engine", "report"],
  cli: ["syntax", "model", "engine", "verify", "report", "lsp"],
};

/** Folders whose code is a function from text to values: it runs in a worker and in a browser as it is. */
const PURE = ["syntax", "model", "analysis", "rules", "transforms", "lint", "engine", "report"];

/** Packages that the pure folders may use: they read no files and start no processes. */
const PURE_PACKAGES = ["web-tree-sitter", "@lezer/python", "diff", "fflate", "picomatch", "smol-toml"];

/** Folders that ship as a bundle, with the packages that they need in it. */
const BUNDLED = ["page"];

/** Folders with a package.json of their own, whose code answers to other rules. */
const PACKAGES = ["lsp/vscode"];

/** Globals that reach outside; `Date` and `Math.random` would make two runs differ. */
const IMPURE_GLOBALS = [
  "process",
  "require",
  "Buffer",
  "console",
  "fetch",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "performance",
  "Date",
  "crypto",
  "window",
  "document",
  "localStorage",
  "XMLHttpRequest",
];

interface Import {
  readonly specifier: string;
  /** Types vanish when the code runs, so they may come from anywhere that the direction allows. */
  readonly typeOnly: boolean;
}

interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly folder: string;
  readonly imports: readonly Import[];
  readonly ast: ts.SourceFile;
}

function sourceFiles(folder: string): SourceFile[] {
  const directory = join(ROOT, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.parentPath.includes("node_modules"))
    .filter((entry) =>
      PACKAGES.every((inner) => inner === folder || !join(entry.parentPath, "/").startsWith(join(ROOT, inner, "/"))),
    )
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name);
      const ast = ts.createSourceFile(absolute, readFileSync(absolute, "utf8"), ts.ScriptTarget.Latest, true);
      return { path: relative(ROOT, absolute), folder, imports: importsOf(ast), ast };
    });
}

function importsOf(ast: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({
        specifier: node.moduleSpecifier.text,
        typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
      });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      found.push({ specifier: argument && ts.isStringLiteral(argument) ? argument.text : "?", typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
}

/** Folder of the repository that a relative import leads to. */
function targetFolder(file: SourceFile, specifier: string): string {
  return relative(ROOT, join(ROOT, dirname(file.path), specifier)).split("/")[0] as string;
}

const FILES = new Map(Object.keys(MAY_IMPORT).map((folder) => [folder, sourceFiles(folder)]));

describe("imports run one way", () => {
  test.each(Object.keys(MAY_IMPORT))("%s", (folder) => {
    const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])];
    const wrong = (FILES.get(folder) ?? []).flatMap((file) =>
      file.imports
        .filter(({ specifier }) => specifier.startsWith(".") && !allowed.includes(targetFolder(file, specifier)))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("relative imports carry the extension of the file that they name", () => {
    const wrong = [...FILES.values()]
      .flat()
      .flatMap((file) =>
        file.imports
          .filter(
            ({ specifier }) => specifier.startsWith(".") && !existsSync(join(ROOT, dirname(file.path), specifier)),
          )
          .map(({ specifier }) => `${file.path} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });
});

describe("the core is pure", () => {
  test.each(PURE)("%s imports no Node module and no package that reaches outside", (folder) => {
    const wrong = (FILES.get(folder) ?? []).flatMap((file) =>
      file.imports
        .filter(({ specifier }) => !specifier.startsWith(".") && !PURE_PACKAGES.includes(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test.each(PURE)("%s touches no global that reaches outside", (folder) => {
    const wrong: string[] = [];
    for (const file of FILES.get(folder) ?? []) {
      const declared = declaredNames(file.ast);
      const visit = (node: ts.Node): void => {
        if (ts.isIdentifier(node) && isUse(node) && !declared.has(node.text)) {
          if (IMPURE_GLOBALS.includes(node.text) && !ts.isPartOfTypeNode(node))
            wrong.push(`${file.path} uses ${node.text}`);
          if (node.text === "Math" && node.parent.getText(file.ast) === "Math.random")
            wrong.push(`${file.path} uses Math.random`);
        }
        ts.forEachChild(node, visit);
      };
      visit(file.ast);
    }
    expect(wrong).toEqual([]);
  });

  test("every folder that the rules name exists, and every folder with code has a rule", () => {
    const withCode = readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => entry.name)
      .filter((name) => !["node_modules", "dist", "docs", "fixtures", "snapshots", "coverage"].includes(name))
      .filter((name) => readdirSync(join(ROOT, name)).some((file) => file.endsWith(".ts")));
    const development = ["test", "tools", "bench"];
    expect(withCode.filter((name) => !development.includes(name) && !(name in MAY_IMPORT))).toEqual([]);
  });
});

test("ARCHITECTURE.md has a row for each folder, and paths that exist", () => {
  const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const folders = [...page.matchAll(/^\| `(\w+)\/` \|/gm)].map((match) => match[1]);
  expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  const paths = [...page.matchAll(/`([a-z]+\/[a-z0-9./-]*\.(?:ts|json|md))`/g)].map((match) => match[1] as string);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

describe("rules and transforms stand alone", () => {
  test("neither imports the other", () => {
    const pairs = [
      ["rules", "transforms"],
      ["transforms", "rules"],
    ] as const;
    for (const [folder, other] of pairs) {
      for (const file of FILES.get(folder) ?? []) {
        expect(
          file.imports.map(({ specifier }) => targetFolder(file, specifier)),
          file.path,
        ).not.toContain(other);
      }
    }
  });
});

test("the VS Code extension knows the editor, the client's library and the protocol, and nothing else", () => {
  const allowed = ["vscode", "vscode-languageclient", "vscode-languageclient/node", "vscode-languageclient/browser"];
  const files = sourceFiles("lsp/vscode");
  const wrong = files.flatMap(({ path, imports }) =>
    imports
      .filter(
        ({ specifier }) =>
          !allowed.includes(specifier) && !specifier.startsWith("./") && specifier !== "../protocol.ts",
      )
      .map(({ specifier }) => `${path} imports ${specifier}`),
  );
  expect(files.length).toBeGreaterThan(5);
  expect(wrong).toEqual([]);
});

test("everything that ships depends only on declared packages", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const loose = [...FILES.values()].flat().filter((file) => !BUNDLED.includes(file.folder));
  const undeclared = loose.flatMap((file) =>
    file.imports
      .filter(({ specifier, typeOnly }) => {
        const builtin = specifier.startsWith("node:") && builtinModules.includes(specifier.slice("node:".length));
        return (
          !typeOnly && !specifier.startsWith(".") && !builtin && !(packageName(specifier) in manifest.dependencies)
        );
      })
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
  expect(undeclared).toEqual([]);
});

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Names that a file declares itself, anywhere in it. */
function declaredNames(ast: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const named =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isBindingElement(node);
    if ((named || ts.isImportSpecifier(node)) && node.name && ts.isIdentifier(node.name)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return names;
}

/** Whether an identifier stands for a value of that name, rather than for a property, a key or a declaration. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !(
    ts.isPropertySignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isTypeReferenceNode(parent) ||
    ts.isTypeAliasDeclaration(parent) ||
    ts.isInterfaceDeclaration(parent) ||
    ts.isQualifiedName(parent)
  );
}
