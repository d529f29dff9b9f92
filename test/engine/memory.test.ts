import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { planMigration } from "../../engine/engine.ts";
import type { InputFile, Parser } from "../../syntax/source.ts";

const ROOT = join(import.meta.dirname, "..", "..", "fixtures");
const READ = [".c", ".h", ".py", ".cfg", ".toml"];

let remembering: Parser;
let forgetful: Parser;

beforeAll(async () => {
  remembering = await loadParser();
  forgetful = await loadParser("none");
});

function fixture(name: string): InputFile[] {
  const directory = join(ROOT, name);
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => READ.some((end) => path.endsWith(end)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(directory, path), "latin1") }));
}

/** Fixtures whose series change headers, macros, build files and several modules. */
const FIXTURES = [
  "functions/helpers-in-headers",
  "module/many-files",
  "module/two-modules",
  "types/fields-held",
  "types/macro-made",
  "types/shared-header",
];

describe("a plan by a parser that answers from memory", () => {
  it.each(FIXTURES)("is that of one which reads everything again: %s", (name) => {
    const files = fixture(name);
    const plan = (parser: Parser, input: readonly InputFile[]) =>
      planMigration({ files: input }, parser, { hpy: "0.9" });
    const expected = plan(forgetful, files);
    expect(plan(remembering, files)).toEqual(expected);
    const macro = files.map(({ path, text }) => ({ path, text: `#define added_before(x) return x\n${text}` }));
    const changed = files.map((file, i) => (file.path.endsWith(".c") ? (macro[i] as InputFile) : file));
    expect(plan(remembering, changed)).toEqual(plan(forgetful, changed));
    expect(plan(remembering, files)).toEqual(expected);
  });

  it("notices a macro that has come to mean something else in another file", () => {
    const source = {
      path: "a.c",
      text: "void f(void)\n{\n    CHECKED(x)\n    g();\n}\nEXPORTED int h(void) { return 1; }\n",
    };
    const headers = ["", "#define CHECKED(x) if (!(x)) return;\n", "#define CHECKED(x) x\n#define EXPORTED\n"];
    for (const text of [...headers, ...headers.toReversed()]) {
      const files = [source, { path: "a.h", text }];
      const [known, fresh] = [remembering, forgetful].map((parser) => parser.parse(source, parser.prepare(files)));
      expect(known?.tree.columns).toEqual(fresh?.tree.columns);
      expect(known?.unparsed).toEqual(fresh?.unparsed);
    }
  });

  it("keeps the parse of a file that names nothing of what another file has changed", () => {
    const source = { path: "a.c", text: "int f(void) { return OTHER; }\n" };
    const parse = (text: string) => remembering.parse(source, remembering.prepare([source, { path: "a.h", text }]));
    const first = parse("#define ONE 1\n");
    expect(parse("#define TWO(x) return x\n")).toBe(first);
    expect(parse("#define OTHER 1\n")).not.toBe(first);
  });
});
