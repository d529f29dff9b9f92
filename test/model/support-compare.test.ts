import { describe, expect, test } from "vitest";
import { SUPPORT, supportClosure } from "../../model/support-registry.ts";
import { type Abi, buildExtension } from "../../verify/build.ts";
import { pythonEnvironment } from "../../verify/python-environment.ts";
import { comparePairs } from "../compare/pairs.ts";
import { SUPPORT_PAIRS } from "./support-cases.ts";

describe("support functions beside the C API", () => {
  test("give the same results, exceptions and effects in every ABI, and leak nothing", async () => {
    const { differences, compared } = await comparePairs("support", SUPPORT_PAIRS);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(2_000);
  });

  test.each([
    ["C++ under the hybrid ABI, all of them", "hybrid", ".cpp", false],
    ["C under the universal ABI, those that do without the C API", "universal", ".c", true],
  ] satisfies readonly (readonly [string, Abi, string, boolean])[])(
    "compile as %s",
    async (_, abi, extension, isPure) => {
      const chosen = supportClosure(
        [...SUPPORT.values()].filter((entry) => !(isPure && entry.bridged)).map(({ name }) => name),
      );
      const includes = [...new Set(chosen.flatMap((entry) => entry.includes))].map((header) => `#include ${header}`);
      const text = [
        '#include "hpy.h"',
        ...includes,
        ...chosen.map(({ code }) => code),
        "static HPyDef *defines[] = {NULL};",
        "static HPyModuleDef definition = {NULL, 0, NULL, defines, NULL};",
        "HPy_MODINIT(all_support, definition)",
      ].join("\n");
      const path = `all_support${extension}`;
      const built = await buildExtension(
        { name: "all_support", files: [{ path, text }], units: [path] },
        abi,
        pythonEnvironment(),
      );
      expect(built).toMatchObject({ ok: true });
    },
  );

  test("are all compared here, in the tests of argument parsing and value building, or by fixtures of types", () => {
    const covered = new Set(supportClosure(SUPPORT_PAIRS.flatMap((pair) => pair.support)).map(({ name }) => name));
    const elsewhere = [
      "hpyx_arg_",
      "hpyx_undo_",
      "hpyx_bind_",
      "hpyx_close_items",
      "hpyx_close_arguments",
      "hpyx_create_type",
      "hpyx_create_global_type",
      "hpyx_load_field",
      "hpyx_field_is",
      "hpyx_free_object",
      "hpyx_type_init",
      "hpyx_type_new",
      "hpyx_keywords_dict",
      "tracker",
      "hpyx_track_items",
      "hpyx_call_values",
      "hpyx_call_method_values",
      "hpyx_call_unpacked",
      "hpyx_call_method_unpacked",
      "_or_none",
      "hpyx_bytes_from_char",
      "hpyx_unicode_from_ordinal",
      "hpyx_complex_from_doubles",
      "hpyx_build_converted",
      "format",
    ];
    const missing = [...SUPPORT.keys()].filter(
      (name) => !covered.has(name) && !elsewhere.some((part) => name.includes(part)),
    );
    expect(missing).toEqual([]);
  });
});
