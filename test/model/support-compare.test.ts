import { describe, expect, test } from "vitest";
import { SUPPORT, supportClosure } from "../../model/support-registry.ts";
import { comparePairs } from "../compare/pairs.ts";
import { SUPPORT_PAIRS } from "./support-cases.ts";

describe("support functions beside the C API", () => {
  test("give the same results, exceptions and effects in every ABI, and leak nothing", async () => {
    const { differences, compared } = await comparePairs("support", SUPPORT_PAIRS);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(2_000);
  });

  test("are all compared here or in the tests of argument parsing and value building", () => {
    const covered = new Set(supportClosure(SUPPORT_PAIRS.flatMap((pair) => pair.support)).map(({ name }) => name));
    const elsewhere = [
      "hpyx_arg_",
      "hpyx_undo_",
      "hpyx_bind_",
      "hpyx_close_items",
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
