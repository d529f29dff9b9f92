import { describe, expect, test } from "vitest";
import type { BuildPlan, BuildRequest } from "../../transforms/argument-parsing.types.ts";
import { planBuildValue, planCallArguments } from "../../transforms/build-value.ts";
import { formatLiteral, planFormat } from "../../transforms/format-strings.ts";

function build(format: string, values: readonly string[], more: Partial<BuildRequest> = {}): BuildPlan {
  const plan = planBuildValue({ format, values, ctx: "ctx", fresh: (wish) => wish, ...more });
  if ("unsupported" in plan) throw new Error(plan.unsupported);
  return plan;
}

describe("Py_BuildValue", () => {
  test("takes the cheapest form that is faithful", () => {
    expect(build("", []).expression).toBe("HPy_Dup(ctx, ctx->h_None)");
    expect(build("i", ["5"]).expression).toBe("HPyLong_FromLong(ctx, 5)");
    expect(build("i", ["n"]).expression).toBe("HPyLong_FromLong(ctx, (int)n)");
    expect(build("I", ["a + b"]).expression).toBe("HPyLong_FromUnsignedLong(ctx, (unsigned int)(a + b))");
    expect(build("s", ['"text"']).expression).toBe('HPyUnicode_FromString(ctx, "text")');
    expect(build("(OO)", ["a", "b"], { nonNull: [true, true] }).expression).toBe("HPyTuple_Pack(ctx, 2, a, b)");
  });

  test("keeps HPy_BuildValue where a value may be NULL, which it reports and HPyTuple_Pack does not", () => {
    expect(build("(OO)", ["a", "b"], { nonNull: [true, false] }).expression).toBe('HPy_BuildValue(ctx, "(OO)", a, b)');
    expect(build("O", ["a"]).expression).toBe('HPy_BuildValue(ctx, "O", a)');
  });

  test("normalises separators, which HPy reads more strictly", () => {
    expect(build("i, s: {s :i, s:i}", ["1", '"a"', '"b"', "2", '"c"', "3"]).expression).toBe(
      'HPy_BuildValue(ctx, "is{s:i,s:i}", 1, "a", "b", 2, "c", 3)',
    );
  });

  test("closes what the original gave away", () => {
    expect(build("(Ni)", ["item", "1"])).toMatchObject({
      expression: 'HPy_BuildValue(ctx, "(Oi)", item, 1)',
      closes: [{ name: "item", create: null }],
    });
    expect(build("(N)", ["make(ctx)"])).toMatchObject({
      expression: 'HPy_BuildValue(ctx, "(O)", item)',
      closes: [{ name: "item", create: "make(ctx)" }],
    });
  });

  test("creates a handle for a unit that HPy lacks", () => {
    expect(build("(y#s)", ["data", "size", "name"])).toMatchObject({
      expression: 'HPy_BuildValue(ctx, "(OO)", item, item)',
      closes: [
        { name: "item", create: "hpyx_bytes_or_none_sized(ctx, data, size)" },
        { name: "item", create: "hpyx_unicode_or_none(ctx, name)" },
      ],
      support: ["hpyx_bytes_or_none_sized", "hpyx_unicode_or_none"],
    });
  });

  test.each([
    ["(i", ["1"], "missing"],
    ["{i}", ["1"], "no value"],
    ["(i )", ["1"], "separator"],
    ["?", ["1"], "not a unit"],
    ["ii", ["1"], "takes 2 values"],
  ])("refuses %s", (format, values, reason) => {
    const plan = planBuildValue({ format, values, ctx: "ctx", fresh: (wish) => wish });
    expect("unsupported" in plan && plan.unsupported).toContain(reason);
  });
});

describe("calls with formats", () => {
  test("one object may be a tuple of arguments, one parenthesis is one", () => {
    const request = { ctx: "ctx", fresh: (wish: string) => wish, callable: "f" };
    expect(planCallArguments({ ...request, format: "O", values: ["a"] })).toMatchObject({
      expression: "hpyx_call_unpacked(ctx, f, a)",
    });
    expect(planCallArguments({ ...request, format: "(OO)", values: ["a", "b"] })).toMatchObject({
      expression: "hpyx_call_values(ctx, f, 2, a, b)",
    });
    expect(planCallArguments({ ...request, format: "", values: [] })).toMatchObject({
      expression: "HPy_Call(ctx, f, NULL, 0, HPy_NULL)",
    });
    expect(planCallArguments({ ...request, method: '"get"', format: "i", values: ["1"] })).toMatchObject({
      expression: 'hpyx_call_method_values(ctx, f, "get", 1, item)',
      closes: [{ name: "item", create: "HPyLong_FromLong(ctx, 1)" }],
    });
  });
});

describe("text formats", () => {
  test("flags that CPython ignores and HPy rejects are dropped", () => {
    const plan = planFormat('%05s "%10p" %d\n', "error");
    if ("unsupported" in plan) throw new Error(plan.unsupported);
    expect(formatLiteral(plan)).toBe('"%5s \\"%p\\" %d\\n"');
    expect(plan.callee).toBe("HPyErr_Format");
  });

  test("an object in a message is not cut, because HPy writes past its buffer when it does", () => {
    const plan = planFormat("%.200R", "error");
    expect(plan).toMatchObject({ callee: "HPyErr_Format", format: "%R", support: [] });
    expect("notes" in plan && plan.notes.some((note) => note.includes("no longer cut"))).toBe(true);
    expect(planFormat("%20R", "error")).toMatchObject({ callee: "hpyx_err_format", support: ["hpyx_err_format"] });
  });

  test("a str that HPy would cut at a NUL has a formatter of its own", () => {
    expect(planFormat("%U", "unicode")).toMatchObject({ callee: "hpyx_unicode_from_format" });
    expect(planFormat("%.200R", "unicode")).toMatchObject({ callee: "hpyx_unicode_from_format", format: "%.200R" });
    expect(planFormat("%d %s", "unicode")).toMatchObject({ callee: "HPyUnicode_FromFormat" });
  });

  test.each(["%lx", "%-5d", "%*d", "%f", "%", "%hd", "100%"])("refuses %s", (format) => {
    expect(planFormat(format, "error")).toHaveProperty("unsupported");
  });
});
