import { describe, expect, test } from "vitest";
import { planArgumentParsing } from "../../transforms/argument-parsing.ts";
import type { ArgumentPlan, ArgumentRequest } from "../../transforms/argument-parsing.types.ts";

type Partial_ = Pick<ArgumentRequest, "format" | "targets"> & Partial<ArgumentRequest>;

function plan(request: Partial_): ArgumentPlan | { readonly unsupported: string } {
  return planArgumentParsing({
    flavour: request.keywordNames === undefined ? "tuple" : "keywords",
    ...(request.keywordNames === undefined ? {} : { keywords: "kwlist" }),
    args: "args",
    nargs: "nargs",
    kwnames: "kwnames",
    keywordsIn: "names",
    ctx: "ctx",
    fresh: (wish) => wish,
    ...request,
  });
}

function supported(request: Partial_): ArgumentPlan {
  const answer = plan(request);
  if ("unsupported" in answer) throw new Error(answer.unsupported);
  return answer;
}

describe("positional arguments", () => {
  test("objects alone are left to HPyArg_Parse, which counts them before anything happens", () => {
    expect(supported({ format: "O|O:f", targets: ["&a", "&b"] }).operands).toEqual([
      'HPyArg_Parse(ctx, NULL, args, nargs, "O|O:f", &a, &b)',
    ]);
  });

  test("formats that HPy reads alike pass through, counted before a number is converted", () => {
    const { operands, declarations, receives, support, release } = supported({
      format: "Oi|d:f",
      targets: ["&a", "&b", "&c"],
    });
    expect(operands).toEqual([
      'hpyx_arg_count(ctx, nargs, 2, 3, "f")',
      'HPyArg_Parse(ctx, NULL, args, nargs, "Oi|d:f", &a, &b, &c)',
    ]);
    expect(declarations).toEqual([]);
    expect(receives).toEqual([
      { kind: "alias", optional: false },
      { kind: "plain", optional: false },
      { kind: "plain", optional: true },
    ]);
    expect(support).toEqual(["hpyx_arg_count"]);
    expect(release).toBeNull();
  });

  test("a unit that HPy lacks is parsed as an object and converted after", () => {
    const { operands, declarations, receives, support } = supported({
      format: "is#|O!:f",
      targets: ["&n", "&text", "&size", "ctx->h_LongType", "&self->number"],
      targetTypes: ["int", "const char *", "Py_ssize_t", undefined, "HPy"],
    });
    expect(declarations).toEqual(["HPy arg_size = HPy_NULL", "HPy arg_number = HPy_NULL"]);
    expect(operands).toEqual([
      'hpyx_arg_count(ctx, nargs, 2, 3, "f")',
      'HPyArg_Parse(ctx, NULL, args, nargs, "iO|O:f", &n, &arg_size, &arg_number)',
      'hpyx_arg_text(ctx, arg_size, "f() argument 2", &text, &size)',
      'hpyx_arg_instance(ctx, arg_number, "f() argument 3", ctx->h_LongType, &self->number)',
    ]);
    expect(receives).toEqual([
      { kind: "plain", optional: false },
      { kind: "interior", optional: false, tracked: false },
      { kind: "plain", optional: false },
      { kind: "type" },
      { kind: "alias", optional: true },
    ]);
    expect(support).toEqual(["hpyx_arg_count", "hpyx_arg_instance", "hpyx_arg_text"]);
  });

  test("targets of unknown types are cast, since the original passed them through `...`", () => {
    const { operands } = supported({ format: "s:f", targets: ["&name"] });
    expect(operands[1]).toBe('hpyx_arg_str(ctx, arg_name, "f() argument 1", (const char **)&name)');
  });

  test("a required object of a type is parsed into its variable and tested there", () => {
    const { operands, declarations, receives } = supported({
      format: "iO!U:f",
      targets: ["&n", "ctx->h_LongType", "&number", "&self->text"],
    });
    expect(declarations).toEqual([]);
    expect(operands).toEqual([
      'hpyx_arg_count(ctx, nargs, 3, 3, "f")',
      'HPyArg_Parse(ctx, NULL, args, nargs, "iOO:f", &n, &number, &self->text)',
      'hpyx_arg_is_instance(ctx, number, "f() argument 2", ctx->h_LongType)',
      'hpyx_arg_is_str(ctx, self->text, "f() argument 3")',
    ]);
    expect(receives.map(({ kind }) => kind)).toEqual(["plain", "type", "alias", "alias"]);
  });

  test("conversions keep their order: a number after a text is not converted before it", () => {
    const { operands, declarations } = supported({
      format: "Osi|i:f",
      targets: ["&a", "&s", "&b", "&c"],
      targetTypes: [undefined, "const char *", undefined, undefined],
    });
    expect(declarations).toEqual(["HPy bound[4]"]);
    expect(operands).toEqual([
      'hpyx_bind_arguments(ctx, args, nargs, 3, 4, "f", bound)',
      'HPyArg_Parse(ctx, NULL, bound, 1, "O:f", &a)',
      'hpyx_arg_str(ctx, bound[1], "f() argument 2", &s)',
      'HPyArg_Parse(ctx, NULL, bound + 2, 2, "i|i:f", &b, &c)',
    ]);
  });

  test("a conversion that fails undoes what earlier ones acquired", () => {
    const { operands, bridged, support } = supported({
      format: "y*is*:f",
      targets: ["&in", "&n", "&out"],
    });
    expect(operands).toEqual([
      'hpyx_bind_arguments(ctx, args, nargs, 3, 3, "f", bound)',
      'hpyx_arg_buffer(ctx, bound[0], "y*:f", &in)',
      '(HPyArg_Parse(ctx, NULL, bound + 1, 1, "i:f", &n) || hpyx_undo_buffer(bound[0], &in))',
      '(hpyx_arg_buffer(ctx, bound[2], "s*:f", &out) || hpyx_undo_buffer(bound[0], &in))',
    ]);
    expect(bridged).toBe(true);
    expect(support).toEqual(["hpyx_arg_buffer", "hpyx_bind_arguments", "hpyx_undo_buffer"]);
  });

  test("a known converter gives a new handle", () => {
    const { operands, receives, bridged } = supported({
      format: "O&",
      targets: ["PyUnicode_FSConverter", "&path"],
    });
    expect(operands[1]).toBe("hpyx_arg_fs_bytes(ctx, arg_path, &path)");
    expect(receives).toEqual([{ kind: "input" }, { kind: "owned", optional: false }]);
    expect(bridged).toBe(false);
  });

  test("a nested sequence of numbers is read from handles that are closed at once", () => {
    const { operands, declarations } = supported({ format: "(id):f", targets: ["&x", "&y"] });
    expect(declarations).toEqual(["HPy arg_y = HPy_NULL", "HPy items[2]"]);
    expect(operands).toEqual([
      'HPyArg_Parse(ctx, NULL, args, nargs, "O:f", &arg_y)',
      'hpyx_arg_items(ctx, arg_y, "f() argument 1", 2, items)',
      'hpyx_close_items(ctx, HPyArg_Parse(ctx, NULL, items, 2, "id:f", &x, &y), 2, items)',
    ]);
  });

  test("the items of a nested sequence of objects go to a tracker", () => {
    const { operands, declarations, receives, support, release } = supported({
      format: "(Oi)i:f",
      targets: ["&x", "&n", "&m"],
    });
    expect(release).toBe("HPyTracker_Close(ctx, tracker)");
    expect(declarations).toEqual(["HPy bound[2]", "HPy items[2]", "HPyTracker tracker"]);
    expect(operands).toEqual([
      'hpyx_bind_arguments(ctx, args, nargs, 2, 2, "f", bound)',
      "hpyx_open_tracker(ctx, &tracker)",
      '(hpyx_arg_tracked_items(ctx, bound[0], "f() argument 1", tracker, 2, items) || (HPyTracker_Close(ctx, tracker), 0))',
      '(HPyArg_Parse(ctx, NULL, items, 2, "Oi:f", &x, &n) || (HPyTracker_Close(ctx, tracker), 0))',
      '(HPyArg_Parse(ctx, NULL, bound + 1, 1, "i:f", &m) || (HPyTracker_Close(ctx, tracker), 0))',
    ]);
    expect(receives).toEqual([
      { kind: "tracked", optional: false },
      { kind: "plain", optional: false },
      { kind: "plain", optional: false },
    ]);
    expect(support).toEqual(["hpyx_arg_tracked_items", "hpyx_bind_arguments", "hpyx_open_tracker"]);
  });

  test("PyArg_UnpackTuple becomes objects, some optional", () => {
    const { operands, receives } = supported({
      flavour: "unpack",
      format: "",
      unpack: { minimum: 1, maximum: 2, name: "f" },
      targets: ["&a", "&b"],
    });
    expect(operands).toEqual(['HPyArg_Parse(ctx, NULL, args, nargs, "O|O:f", &a, &b)']);
    expect(receives).toEqual([
      { kind: "alias", optional: false },
      { kind: "alias", optional: true },
    ]);
  });
});

describe("keyword arguments", () => {
  test("are bound to aliases, so that no tracker is needed", () => {
    const { operands, declarations, receives, release } = supported({
      format: "O|i$s:f",
      targets: ["&a", "&b", "&c"],
      targetTypes: [undefined, undefined, "const char *"],
      keywordNames: ["a", "b", "c"],
    });
    expect(declarations).toEqual(["HPy bound[3]"]);
    expect(operands).toEqual([
      'hpyx_bind_keywords(ctx, args, nargs, kwnames, (const char *const *)kwlist, 1, 2, "f", "Ois", bound)',
      'HPyArg_Parse(ctx, NULL, bound, 2, "O|i:f", &a, &b)',
      'hpyx_arg_str(ctx, bound[2], "f() argument 3", &c)',
    ]);
    expect(receives.map(({ kind }) => kind)).toEqual(["alias", "plain", "interior"]);
    expect(release).toBeNull();
  });

  test("a method that takes no arguments at all still rejects them", () => {
    const { operands, declarations } = supported({ format: ":f", targets: [], keywordNames: [] });
    expect(declarations).toEqual([]);
    expect(operands).toEqual([
      'hpyx_bind_keywords(ctx, args, nargs, kwnames, (const char *const *)kwlist, 0, 0, "f", NULL, NULL)',
    ]);
  });
});

describe("keyword arguments in a dict", () => {
  test("are opened, and closed once the numbers are read", () => {
    const { operands, release } = supported({
      format: "d|p:Point",
      targets: ["&x", "&exact"],
      targetTypes: ["double", "int"],
      keywordNames: ["x", "exact"],
      keywordsIn: "dict",
      kwnames: "kw",
    });
    expect(operands).toEqual([
      'hpyx_bind_keywords_dict(ctx, args, nargs, kw, (const char *const *)kwlist, 1, 2, "Point", "dp", bound)',
      'hpyx_close_items(ctx, HPyArg_Parse(ctx, NULL, bound, 1, "d:Point", &x) && hpyx_arg_bool(ctx, bound[1], "Point() argument 2", &exact), 2, bound)',
    ]);
    expect(release).toBeNull();
  });

  test("stay open while the targets refer to them", () => {
    const { operands, release, support } = supported({
      format: "O|i",
      targets: ["&a", "&b"],
      keywordNames: ["a", "b"],
      keywordsIn: "dict",
      kwnames: "kw",
    });
    expect(operands[1]).toBe(
      '(HPyArg_Parse(ctx, NULL, bound, 2, "O|i", &a, &b) || hpyx_undo_arguments(ctx, 2, bound))',
    );
    expect(release).toBe("hpyx_close_arguments(ctx, 2, bound)");
    expect(support).toEqual(["hpyx_bind_keywords_dict", "hpyx_close_arguments", "hpyx_undo_arguments"]);
  });

  test("a type that takes no arguments at all opens none", () => {
    const { operands, release } = supported({ format: "", targets: [], keywordNames: [], keywordsIn: "dict" });
    expect(operands).toHaveLength(1);
    expect(release).toBeNull();
  });

  test("a nested sequence with objects in it is refused", () => {
    const answer = plan({ format: "(OO)", targets: ["&a", "&b"], keywordNames: ["a"], keywordsIn: "dict" });
    expect("unsupported" in answer && answer.unsupported).toContain("nested sequence");
  });
});

describe("what is refused", () => {
  test.each([
    ["an unknown unit", { format: "q", targets: ["&a"] }, "is not a unit"],
    ["white space", { format: "i i", targets: ["&a", "&b"] }, "is not a unit"],
    ["too few targets", { format: "ii", targets: ["&a"] }, "takes 2 arguments, the call gives 1"],
    ["`$` without keywords", { format: "i$i", targets: ["&a", "&b"] }, "without keywords"],
    ["`$` before `|`", { format: "i$i|i", targets: ["&a", "&b", "&c"], keywordNames: ["a", "b", "c"] }, "before"],
    ["a keyword list of another length", { format: "ii", targets: ["&a", "&b"], keywordNames: ["a"] }, "2 units"],
    ["an empty name after others", { format: "ii", targets: ["&a", "&b"], keywordNames: ["a", ""] }, "empty name"],
    ["an open parenthesis", { format: "(ii", targets: ["&a", "&b"] }, "not closed"],
    ["a buffer in a nested sequence", { format: "(y*O)", targets: ["&a", "&b"] }, "nested sequence"],
    ["a converter for an unknown type", { format: "O&", targets: ["convert", "&a"] }, "is not known"],
    [
      "a converter that writes an object",
      { format: "O&", targets: ["convert", "&a"], targetTypes: [undefined, "HPy"] },
      "writes a reference",
    ],
  ] satisfies readonly (readonly [string, Partial_, string])[])("%s", (_, request, reason) => {
    const answer = plan(request);
    expect("unsupported" in answer && answer.unsupported).toContain(reason);
  });
});
