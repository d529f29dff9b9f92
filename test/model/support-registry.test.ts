import { describe, expect, test } from "vitest";
import { SUPPORT, supportClosure } from "../../model/support-registry.ts";

const WORD = new Set([..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"]);

/** Identifiers in C text outside its comments and strings. */
function identifiers(code: string): Set<string> {
  const found = new Set<string>();
  const withoutComments = code
    .split("/*")
    .map((part, index) => (index === 0 ? part : part.slice(part.indexOf("*/") + 2)))
    .join(" ")
    // No string in the support functions ends in a backslash.
    .split('\\"')
    .join("")
    .split('"')
    .filter((_, index) => index % 2 === 0)
    .join(" ");
  let word = "";
  for (const character of `${withoutComments} `) {
    if (WORD.has(character)) word += character;
    else {
      if (word !== "") found.add(word);
      word = "";
    }
  }
  return found;
}

describe("support functions", () => {
  test.each([...SUPPORT.values()])("$name declares exactly what it uses", (support) => {
    const used = identifiers(support.code);
    const helpers = [...used].filter((name) => SUPPORT.has(name) && name !== support.name);
    expect(helpers.sort()).toEqual([...support.requires].sort());
    expect(used.has(support.name)).toBe(true);
    const legacy = [...used].filter(
      (name) => name.startsWith("Py") || name.startsWith("_Py") || name.includes("PyObject"),
    );
    const callsLegacy = legacy.length > 0;
    expect(callsLegacy).toBe(support.bridged);
    const headers: Readonly<Record<string, readonly string[]>> = {
      "<string.h>": ["strlen", "memcmp", "memcpy", "strchr", "strcspn"],
      "<stdlib.h>": ["malloc", "free"],
      "<stdio.h>": ["snprintf"],
      "<stdarg.h>": ["va_list", "va_start", "va_arg", "va_copy", "va_end"],
      "<wchar.h>": ["wchar_t"],
      "<stdint.h>": ["uintptr_t"],
    };
    for (const [header, names] of Object.entries(headers)) {
      if (names.some((name) => used.has(name))) expect(support.includes).toContain(header);
    }
  });

  test.each([...SUPPORT.values()])("$name reads as the project's C", ({ code }) => {
    expect(code.startsWith("/* ")).toBe(true);
    expect(code.endsWith("}\n") || code.endsWith(";\n")).toBe(true);
    for (const line of code.split("\n")) {
      expect(line.length).toBeLessThanOrEqual(120);
      expect(line).not.toMatch(/[\t\r]| $/);
    }
  });

  test("a function that calls a bridged one is bridged", () => {
    for (const support of SUPPORT.values()) {
      if (support.requires.some((name) => SUPPORT.get(name)?.bridged)) expect(support.bridged).toBe(true);
    }
  });

  test("the closure has each function once, after what it requires, and depends on the set only", () => {
    const names = ["hpyx_unicode_from_format", "hpyx_dict_get_item_s", "hpyx_err_format"];
    const closure = supportClosure(names);
    const at = new Map(closure.map(({ name }, index) => [name, index]));
    expect(at.size).toBe(closure.length);
    for (const support of closure) {
      for (const name of support.requires) expect(at.get(name)).toBeLessThan(at.get(support.name) ?? -1);
    }
    expect(supportClosure([...names, ...names].reverse())).toEqual(closure);
    expect(() => supportClosure(["hpyx_nothing"])).toThrow(RangeError);
  });
});
