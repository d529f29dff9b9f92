/**
 * `npm run new-rule -- <family> <C-API name>`: adds a row to `rules/<family>.ts`, with all that the tables know about
 * the function. A new family also gets its file and its place in `rules/table.ts`.
 */
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ArrayLiteralExpression, type Expression, Node, Project, type SourceFile, SyntaxKind } from "ts-morph";
import type { CapiFunction } from "../model/api/capi.ts";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { HPY_EQUIVALENTS } from "../model/api/hpy.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** What the author has to replace; a row that still holds it does not load. */
const BLANK = "<fill in>";

/** Bad usage; the message is for people. */
class UsageError extends Error {}

/** `PyList_GetItem` in the family `list` gives `list-get-item`; `PyUnicode_AsUTF8` gives `unicode-as-utf8`. */
function ruleId(name: string): string {
  const words = name
    .replace(/^_?Py/, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
  return words.replace(/^-+/, "").replace(/--+/g, "-");
}

/** Names of the example's variables by the type of the parameter. */
function exampleArguments(fact: CapiFunction): string[] {
  const objects = ["object", "value", "other", "third"];
  const sizes = ["index", "size"];
  return fact.parameters
    .filter((parameter) => parameter.type !== "...")
    .map(({ type }) => {
      if (type === "PyObject *") return objects.shift() ?? "object";
      if (type === "Py_ssize_t") return sizes.shift() ?? "size";
      if (type === "const char *") return "text";
      return "number";
    });
}

function rowText(fact: CapiFunction): string {
  const id = JSON.stringify(ruleId(fact.name));
  const written = exampleArguments(fact);
  const example = JSON.stringify(`${fact.name}(${written.join(", ")})`);
  const equivalent = HPY_EQUIVALENTS.get(fact.name);
  if (equivalent) return `direct(${id}, ${example}, ${JSON.stringify(equivalent)}, ${JSON.stringify(BLANK)})`;
  const placeholders = written.map((_, index) => `, $${index}`).join("");
  return `{
    id: ${id},
    template: ${JSON.stringify(`${BLANK}($ctx${placeholders})`)},
    summary: ${JSON.stringify(BLANK)},
    why: ${JSON.stringify(BLANK)},
    example: ${example},
  }`;
}

/** Id of a row, which is an object or a call of `direct`. */
function idOf(row: Expression): string {
  if (Node.isCallExpression(row)) return stringValue(row.getArguments()[0]);
  if (!Node.isObjectLiteralExpression(row)) return "";
  const property = row.getProperty("id");
  return Node.isPropertyAssignment(property) ? stringValue(property.getInitializer()) : "";
}

function stringValue(node: Node | undefined): string {
  return Node.isStringLiteral(node) ? node.getLiteralValue() : "";
}

function rowsOf(file: SourceFile): ArrayLiteralExpression {
  for (const call of file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
    const rows = call.getArguments()[1];
    if (call.getExpression().getText() === "defineRules" && Node.isArrayLiteralExpression(rows)) return rows;
  }
  throw new UsageError(`${file.getBaseName()} has no defineRules("family", [...])`);
}

function camelCase(family: string): string {
  return family.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A new family's file, registered where the table of all rules is put together. */
function createFamily(project: Project, family: string): SourceFile {
  const constant = `${camelCase(family)}Rules`;
  const table = project.addSourceFileAtPath(join(ROOT, "rules", "table.ts"));
  table.addImportDeclaration({ moduleSpecifier: `./${family}.ts`, namedImports: [constant] });
  const families = table
    .getVariableDeclarationOrThrow("RULE_FAMILIES")
    .getInitializerIfKindOrThrow(SyntaxKind.ArrayLiteralExpression);
  const names = families.getElements().map((element) => element.getText().split('"')[1] ?? "");
  const place = names.findIndex((name) => name > family);
  families.insertElement(place < 0 ? names.length : place, `{ name: ${JSON.stringify(family)}, rules: ${constant} }`);
  return project.createSourceFile(
    join(ROOT, "rules", `${family}.ts`),
    `import { defineRules } from "./define-rules.ts";

/** ${BLANK} */
export const ${constant} = defineRules(${JSON.stringify(family)}, []);
`,
  );
}

function addRule(family: string, name: string): string {
  const fact = CAPI_FUNCTIONS.get(name);
  if (fact === undefined) throw new UsageError(`${name} is not in the C-API tables (model/api/capi)`);
  const project = new Project({ tsConfigFilePath: join(ROOT, "tsconfig.json"), skipAddingFilesFromTsConfig: true });
  const path = join(ROOT, "rules", `${family}.ts`);
  const file = project.addSourceFileAtPathIfExists(path) ?? createFamily(project, family);
  const rows = rowsOf(file);
  const id = ruleId(name);
  const ids = rows.getElements().map(idOf);
  if (ids.includes(id)) throw new UsageError(`rules/${family}.ts has the rule ${id} already`);
  const place = ids.findIndex((other) => other > id);
  const text = rowText(fact);
  rows.insertElement(place < 0 ? ids.length : place, text, { useNewLines: true });
  const imports = file.getImportDeclarationOrThrow("./define-rules.ts");
  const imported = imports.getNamedImports().map((specifier) => specifier.getName());
  if (text.startsWith("direct(") && !imported.includes("direct")) imports.addNamedImport("direct");
  project.saveSync();
  execFileSync(join(ROOT, "node_modules", ".bin", "biome"), ["format", "--write", join(ROOT, "rules")], {
    stdio: "ignore",
  });
  return id;
}

const [family, name, ...rest] = process.argv.slice(2);
try {
  if (!family || !name || rest.length > 0) throw new UsageError("usage: npm run new-rule -- <family> <C-API name>");
  const id = addRule(family, name);
  process.stdout.write(`rules/${family}.ts has a row ${id}: replace every ${BLANK}\n`);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
