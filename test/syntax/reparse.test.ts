import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import type { ParsedFile, Parser } from "../../syntax/source.ts";

let used: Parser;
let fresh: () => Promise<Parser>;

beforeAll(async () => {
  used = await loadParser();
  fresh = loadParser;
});

const ROOT = join(import.meta.dirname, "..", "..", "fixtures");
const SOURCE = readFileSync(join(ROOT, "types", "constructors", "constructors.c"), "latin1");

function parse(parser: Parser, text: string): ParsedFile {
  const file = { path: "a.c", text };
  return parser.parse(file, parser.prepare([file]));
}

function shown(file: ParsedFile): unknown {
  return [file.tree, ...file.alternatives].map(({ text, columns }) => ({ text, columns }));
}

/** A stream of numbers below 1, the same every time. */
function randomNumbers(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe("a text that was parsed in another form before", () => {
  it.each([
    [
      "an item is inserted",
      (text: string) => text.replace("static PyMethodDef", "int added(void) { return 1; }\nstatic PyMethodDef"),
    ],
    ["white space grows", (text: string) => text.replaceAll("\n}\n", "\n}\n\n\n")],
    ["the last line changes", (text: string) => `${text}int last;`],
    ["the first line goes", (text: string) => text.slice(text.indexOf("\n") + 1)],
    ["a brace is lost", (text: string) => text.replace("\n}\n", "\n\n")],
    ["a comment opens", (text: string) => text.replace("\n}\n", "\n} /* \n")],
    [
      "a macro becomes known",
      (text: string) => text.replace("static PyMethodDef", "#define static static\nstatic PyMethodDef"),
    ],
    ["tokens are inserted", (text: string) => `${text}\nHPy_MODINIT(one, two)\n`],
    ["an if splits an item", (text: string) => text.replace("{", "\n#ifdef A\n{\n#else\n{ int b;\n#endif\n")],
  ])("gives the same tree when %s", async (_, edit) => {
    const text = edit(SOURCE);
    expect(text).not.toBe(SOURCE);
    parse(used, SOURCE);
    const again = parse(used, text);
    expect(shown(again)).toEqual(shown(parse(await fresh(), text)));
    expect(shown(parse(used, SOURCE))).toEqual(shown(parse(await fresh(), SOURCE)));
  });

  it("gives the same tree after each of many random edits", async () => {
    const random = randomNumbers();
    const other = await fresh();
    let text = SOURCE;
    for (let round = 0; round < 40; round++) {
      const at = Math.floor(random() * text.length);
      const from = Math.floor(random() * text.length);
      const removed = Math.floor(random() * 20);
      const added = text.slice(from, from + Math.floor(random() * 40));
      const edited = text.slice(0, at) + added + text.slice(at + removed);
      // The other parser has never seen anything like it under this name.
      const file = { path: `${round}.c`, text: edited };
      const whole = other.parse(file, other.prepare([file]));
      expect(shown(parse(used, edited))).toEqual(shown(whole));
      // Most edits break something, and what is broken is parsed whole.
      if (!whole.tree.hasError(0) || round % 4 === 3) text = whole.tree.hasError(0) ? SOURCE : edited;
    }
  });
});
