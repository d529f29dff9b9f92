import { readToml } from "../model/build-files.ts";
import type { BuildFacts, ExtensionFact } from "../model/build-files.types.ts";
import { Script } from "../model/build-script.ts";
import type { TomlPair, TomlValue } from "../model/toml-spans.ts";
import type { InputFile, Span } from "../syntax/source.ts";
import type { BuildFileChange, BuildFilePlan, BuildFileRefusal } from "./build-files.types.ts";
import {
  type BuildEdit,
  HPY_REQUIREMENT,
  newlineOf,
  newPyproject,
  planRequirementEdits,
  planStaticLibraryEdits,
  SETUPTOOLS_REQUIREMENT,
} from "./build-requirements.ts";
import { planImportEdits, planListEdits, type ScriptEdits } from "./build-script-edits.ts";
import { planLimitedApiEdits } from "./limited-api-edits.ts";

/**
 * Plans the edits of setup.py, setup.cfg and pyproject.toml after which setuptools builds the modules `moduleNames`
 * with HPy; a module that is built so already needs none.
 *
 * Where the build script does not say statically what to edit, or could not keep its behaviour, the plan holds a
 * refusal with what to write by hand, and no change at all.
 */
export function planBuildFileEdits(
  facts: BuildFacts,
  files: readonly InputFile[],
  moduleNames: readonly string[],
): BuildFilePlan {
  const planner = new Planner(facts, files);
  planner.plan(moduleNames);
  return planner.result();
}

/** Language standards without the designated initialisers and inline functions of HPy's headers. */
const OLD_C_FLAGS: ReadonlySet<string> = new Set(["-ansi", "-std=c89", "-std=c90", "-std=gnu89", "-std=gnu90"]);

class Planner {
  readonly #facts: BuildFacts;
  readonly #files: ReadonlyMap<string, InputFile>;
  readonly #edits = new Map<string, BuildEdit[]>();
  readonly #created = new Map<string, string>();
  readonly #notes: string[] = [];
  readonly #refusals: BuildFileRefusal[] = [];

  constructor(facts: BuildFacts, files: readonly InputFile[]) {
    this.#facts = facts;
    this.#files = new Map(files.map((file) => [file.path, file]));
  }

  result(): BuildFilePlan {
    if (this.#refusals.length > 0) return { changes: [], notes: [], refusals: this.#refusals };
    const changes: BuildFileChange[] = [...this.#edits]
      .filter(([, edits]) => edits.length > 0)
      .map(([path, edits]) => ({
        path,
        kind: "edit",
        edits: edits.sort((a, b) => a.start - b.start || a.end - b.end),
      }));
    for (const [path, text] of this.#created)
      changes.push({ path, kind: "create", edits: [{ start: 0, end: 0, text }] });
    changes.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { changes, notes: changes.length > 0 ? this.#notes : [], refusals: [] };
  }

  plan(moduleNames: readonly string[]): void {
    const facts = this.#facts;
    if (moduleNames.length === 0) return;
    const anchor = facts.script ?? facts.files.at(-1) ?? "setup.py";
    if (moduleNames.every((module) => this.#isMigrated(module))) return;
    if (facts.unsupported !== null) {
      this.#refuse(anchor, { start: 0, end: 0 }, facts.unsupported, moduleNames);
      return;
    }
    const syntax = facts.unresolved.find((each) => each.what === "syntax" && each.path === facts.script);
    if (syntax !== undefined) {
      this.#refuse(
        syntax.path,
        syntax.span,
        "The build script could not be parsed here, so it is not edited. Pass the migrated extensions to setup() as " +
          "hpy_ext_modules by hand.",
        moduleNames,
      );
      return;
    }
    const moving = new Set<number>();
    for (const module of moduleNames) this.#select(module, moving);
    if (this.#refusals.length > 0) return;
    this.#moveExtensions(moving, moduleNames);
    this.#dropLimitedApi(moving, moduleNames);
    if (this.#refusals.length > 0) return;
    this.#requirements(moduleNames);
    this.#staticLibraries();
    this.#explain(moving);
  }

  #isMigrated(module: string): boolean {
    const candidates = this.#extensionsOf(module);
    return candidates.length > 0 && candidates.every(([, extension]) => extension.list === "hpy_ext_modules");
  }

  /** Adds the extensions of a module that are not built with HPy yet. */
  #select(module: string, moving: Set<number>): void {
    const facts = this.#facts;
    const candidates = this.#extensionsOf(module);
    const [first] = candidates;
    if (first === undefined) {
      const place =
        facts.lists.find((each) => each.unknown === "some") ?? facts.unresolved.find((each) => each.what === "name");
      this.#refuse(
        place?.path ?? facts.script ?? "setup.py",
        place?.span ?? { start: 0, end: 0 },
        `The build files do not say statically which Extension builds ${module}. Pass that Extension to setup() as ` +
          "hpy_ext_modules instead of ext_modules by hand.",
        [module],
      );
      return;
    }
    for (const [index, extension] of candidates) {
      if (extension.list === "hpy_ext_modules") continue;
      const problem = this.#problem(module, extension);
      if (problem !== null) this.#refuse(extension.path, extension.span, problem, [module]);
      else moving.add(index);
    }
  }

  #extensionsOf(module: string): (readonly [number, ExtensionFact])[] {
    const last = (name: string): string => name.split(".").at(-1) ?? name;
    const all = this.#facts.extensions.map((extension, index) => [index, extension] as const);
    const exact = all.filter(([, extension]) => extension.name === module);
    if (exact.length > 0) return exact;
    // PyInit_ functions tell the last component only.
    return all.filter(
      ([, { name }]) => name !== null && last(name) === last(module) && (!module.includes(".") || !name.includes(".")),
    );
  }

  /** Why HPy cannot build this extension as it is declared; null when it can. */
  #problem(module: string, extension: ExtensionFact): string | null {
    if (extension.list === "none") {
      return `This Extension reaches setup() in a way that is not static. Pass it as hpy_ext_modules by hand.`;
    }
    const old = extension.extraCompileArgs.find((flag) => OLD_C_FLAGS.has(flag));
    if (old !== undefined) return `HPy's headers need C99 or later. Remove ${old} from the compile arguments first.`;
    if (this.#isStrict(extension) && this.#facts.werror.some((place) => place.condition === "always")) {
      return (
        "HPy's headers give warnings under -Wextra, which -Werror turns into errors. Remove one of the two from the " +
        "compile arguments first."
      );
    }
    const stub = this.#stubPath(extension.name ?? module);
    if (stub !== null) {
      return (
        `The loader that HPy writes for the hybrid and universal ABI would replace ${stub}, which has the name of the ` +
        "extension. Rename one of the two."
      );
    }
    return null;
  }

  /** Whether the compile arguments make HPy's headers an error: casts of functions, unused parameters. */
  #isStrict(extension: ExtensionFact): boolean {
    const flags = extension.extraCompileArgs;
    return flags.includes("-Werror") && flags.includes("-Wextra");
  }

  /** A Python file of the project that has the full name of an extension module. */
  #stubPath(name: string): string | null {
    const tail = `${name.split(".").join("/")}.py`;
    for (const path of this.#files.keys()) {
      if (path === tail || path === `src/${tail}` || path === `lib/${tail}`) return path;
    }
    return null;
  }

  #moveExtensions(moving: ReadonlySet<number>, modules: readonly string[]): void {
    const replaced = this.#facts.replacedExtensionLists[0];
    if (replaced !== undefined) {
      this.#refuse(
        replaced.path,
        replaced.span,
        "HPy's build_ext ignores an assignment to self.extensions. Change the list in place instead: " +
          "self.extensions[:] = ...",
        modules,
      );
      return;
    }
    const handmade = this.#facts.handmadeDistributions[0];
    if (handmade !== undefined) {
      this.#refuse(
        handmade.path,
        handmade.span,
        "This script runs build_ext itself on a Distribution, and HPy replaces build_ext in setup() only. Call " +
          "setuptools.setup(hpy_ext_modules=...) instead.",
        modules,
      );
      return;
    }
    const paths = new Set(
      this.#facts.lists
        .filter((place) => place.list === "ext_modules" && place.extensions.some((index) => moving.has(index)))
        .map((place) => place.path),
    );
    // The command class may stand in a module of the project that the build script imports.
    const commands = this.#facts.buildExt.filter((each) => each.base === "distutils").map((each) => each.path);
    for (const path of this.#facts.files) {
      const file = this.#files.get(path);
      if (file === undefined) continue;
      if (paths.has(path) && path.endsWith(".toml")) this.#moveFromToml(file, moving, modules);
      if (!path.endsWith(".py")) continue;
      const script = new Script(file);
      if (paths.has(path)) this.#merge(path, planListEdits(this.#facts, script, moving), modules);
      if (paths.has(path) || path === this.#facts.script || commands.includes(path)) {
        this.#merge(path, planImportEdits(script), modules);
      }
    }
  }

  /** HPy's headers need the full C API. */
  #dropLimitedApi(moving: ReadonlySet<number>, modules: readonly string[]): void {
    const facts = this.#facts;
    if (![...moving].some((index) => facts.extensions[index]?.limitedApi === "limited")) return;
    const toml = [...moving].find((index) => {
      const extension = facts.extensions[index];
      return extension?.limitedApi === "limited" && extension.path.endsWith(".toml");
    });
    const declared = toml === undefined ? undefined : facts.extensions[toml];
    if (declared !== undefined) {
      this.#refuse(
        declared.path,
        declared.span,
        "This extension is built for the limited C API; HPy's headers need the full one. Remove py-limited-api and " +
          "Py_LIMITED_API here first.",
        modules,
      );
      return;
    }
    for (const path of facts.files) {
      const file = this.#files.get(path);
      if (file === undefined) continue;
      if (path.endsWith(".py")) this.#merge(path, planLimitedApiEdits(facts, new Script(file)), modules);
      else
        for (const place of facts.limitedApi)
          if (place.path === path) this.#add(path, [{ ...wholeLine(file.text, place.span), text: "" }]);
    }
    this.#notes.push(
      "The limited C API goes, HPy's headers need the full one: wheels of the cpython ABI are for one version of Python " +
        "each; HPy's universal ABI is what serves many.",
    );
  }

  #merge(path: string, planned: ScriptEdits, modules: readonly string[]): void {
    if (planned.kind === "refused") this.#refuse(planned.path, planned.span, planned.message, modules);
    else this.#add(path, planned.edits);
  }

  /** pyproject.toml has no key for HPy extensions: they move to a setup.py. */
  #moveFromToml(file: InputFile, moving: ReadonlySet<number>, modules: readonly string[]): void {
    const { tables } = readToml(file.text);
    const setup = this.#inRoot("setup.py");
    if (this.#files.has(setup)) {
      this.#refuse(
        setup,
        { start: 0, end: 0 },
        "pyproject.toml has no key for HPy extensions. Move the ext-modules entries to hpy_ext_modules of the setup() " +
          "call here by hand.",
        modules,
      );
      return;
    }
    const moved: string[] = [];
    const isMoving = (span: Span): boolean =>
      this.#facts.extensions.some(
        (each, index) => moving.has(index) && each.path === file.path && each.span.start === span.start,
      );
    for (const table of tables) {
      if (table.form === "array" && table.path.join(".") === "tool.setuptools.ext-modules" && isMoving(table.header)) {
        moved.push(extensionCall(table.pairs, file.text));
        this.#add(file.path, [{ start: table.header.start, end: table.end, text: "" }]);
      }
      for (const pair of table.pairs) {
        if ([...table.path, ...pair.key].join(".") !== "tool.setuptools.ext-modules") continue;
        const staying = pair.value.elements.filter((element) => !isMoving(element.span));
        for (const element of pair.value.elements) {
          if (isMoving(element.span)) moved.push(extensionCall(element.pairs, file.text));
        }
        if (staying.length === pair.value.elements.length) continue;
        if (staying.length === 0) {
          const lineEnd = file.text.indexOf("\n", pair.value.span.end);
          const end = lineEnd < 0 ? file.text.length : lineEnd + 1;
          this.#add(file.path, [{ start: pair.keySpan.start, end, text: "" }]);
        } else {
          const kept = staying.map((element) => file.text.slice(element.span.start, element.span.end));
          const newline = newlineOf(file.text);
          const text = `[${newline}${kept.map((each) => `  ${each},${newline}`).join("")}]`;
          this.#add(file.path, [{ ...pair.value.span, text }]);
        }
      }
    }
    const list = moved.map((call) => `        ${call},\n`).join("");
    const text = `from setuptools import Extension, setup\n\nsetup(\n    hpy_ext_modules=[\n${list}    ],\n)\n`;
    this.#created.set(setup, text.replaceAll("\n", newlineOf(file.text)));
    this.#notes.push(
      "setuptools reads HPy extensions from setup() only, so they move from pyproject.toml to a setup.py.",
    );
  }

  #requirements(modules: readonly string[]): void {
    const path = this.#inRoot("pyproject.toml");
    const file = this.#files.get(path);
    if (file === undefined) {
      const script = this.#files.get(this.#facts.script ?? "");
      this.#created.set(path, newPyproject(script === undefined ? "\n" : newlineOf(script.text)));
      this.#notes.push(
        "pyproject.toml is new: pip now builds in an isolated environment, so whatever else the build script imports " +
          "(NumPy, Cython, ...) belongs into its requires too.",
      );
      return;
    }
    const planned = planRequirementEdits(file.text);
    if (planned.kind === "refused") this.#refuse(path, planned.span, planned.message, modules);
    else this.#add(path, planned.edits);
  }

  #staticLibraries(): void {
    const facts = this.#facts;
    const strict = facts.werror.length > 0;
    const standard = facts.extensions.some(
      (each) => each.language === "c++" && each.extraCompileArgs.some((flag) => flag.startsWith("-std=")),
    );
    if (facts.includePackageData === "off" && !strict && !standard) return;
    const path = this.#inRoot("setup.cfg");
    const file = this.#files.get(path);
    if (file === undefined) this.#created.set(path, "[global]\nhpy_use_static_libs = 1\n");
    else this.#add(path, planStaticLibraryEdits(file.text));
    this.#notes.push(
      facts.includePackageData === "on"
        ? "setuptools reads the manifest for package data and rejects the absolute paths of HPy's sources, so setup.cfg " +
            "links HPy's static library instead of compiling them."
        : "The compile flags of this project do not suit HPy's own C sources, so setup.cfg links HPy's static library " +
            "instead of compiling them.",
    );
  }

  #explain(moving: ReadonlySet<number>): void {
    this.#notes.push(
      `Building needs ${HPY_REQUIREMENT} and ${SETUPTOOLS_REQUIREMENT}; without hpy, setuptools ignores hpy_ext_modules ` +
        "with a warning and builds nothing.",
      `Wheels of the hybrid or universal ABI also need ${HPY_REQUIREMENT} and setuptools<81 as run-time dependencies; ` +
        "wheels of the cpython ABI need neither.",
    );
    const extensions = [...moving].flatMap((index) => this.#facts.extensions[index] ?? []);
    if (this.#facts.packageDiscovery === "off-by-ext-modules") {
      this.#notes.push(
        "setup() names no packages: ext_modules stays, though empty, because without it setuptools would search for some.",
      );
    }
    if (extensions.some((extension) => extension.condition === "conditional")) {
      this.#notes.push(
        "Where the script calls setup() without the extension, --hpy-abi is an unknown option; the default build is " +
          "not affected.",
      );
    }
    if (extensions.some((extension) => this.#isStrict(extension))) {
      this.#notes.push(
        "HPy's headers give warnings under -Wextra: the build fails where this project adds -Werror to it.",
      );
    }
    if (extensions.some((extension) => extension.optional === "optional")) {
      this.#notes.push(
        "optional=True still lets a failed build pass under the cpython ABI; `build_ext --inplace` for the hybrid ABI " +
          "stops, because HPy copies the loader of the missing module.",
      );
    }
  }

  #inRoot(name: string): string {
    return this.#facts.root === "" ? name : `${this.#facts.root}/${name}`;
  }

  #add(path: string, edits: readonly BuildEdit[]): void {
    this.#edits.set(path, [...(this.#edits.get(path) ?? []), ...edits]);
  }

  #refuse(path: string, span: Span, message: string, modules: readonly string[]): void {
    // A module that is declared once per platform has the same problem each time.
    const known = this.#refusals.some(
      (each) => each.message === message && each.modules.join("\n") === modules.join("\n"),
    );
    if (!known) this.#refusals.push({ id: "build-file-unsupported", path, span, message, modules });
  }
}

/** The lines that a span touches, with the end of the last. */
function wholeLine(text: string, span: Span): Span {
  const start = text.lastIndexOf("\n", span.start - 1) + 1;
  const newline = text.indexOf("\n", Math.max(span.start, span.end - 1));
  return { start, end: newline < 0 ? text.length : newline + 1 };
}

/** An `Extension(...)` call with the values of a TOML table. */
function extensionCall(pairs: readonly TomlPair[], text: string): string {
  const keyword = (key: string): string => key.replaceAll("-", "_");
  const parts = pairs.map((pair) => {
    const key = keyword(pair.key.join("."));
    const value = pythonLiteral(pair.value, text, key === "define_macros" ? "tuples" : "lists");
    return key === "name" ? value : `${key}=${value}`;
  });
  const nameFirst = [...parts.filter((part) => part.startsWith('"')), ...parts.filter((part) => !part.startsWith('"'))];
  return `Extension(${nameFirst.join(", ")})`;
}

function pythonLiteral(value: TomlValue, text: string, inner: "lists" | "tuples"): string {
  switch (value.kind) {
    case "string":
      return JSON.stringify(value.text);
    case "array": {
      const elements = value.elements.map((element) => {
        const literal = pythonLiteral(element, text, "lists");
        if (inner === "lists" || element.kind !== "array") return literal;
        return `(${literal.slice(1, -1)}${element.elements.length === 1 ? "," : ""})`;
      });
      return `[${elements.join(", ")}]`;
    }
    case "inline-table":
      return `{${value.pairs.map((pair) => `${JSON.stringify(pair.key.join("."))}: ${pythonLiteral(pair.value, text, "lists")}`).join(", ")}}`;
    case "other": {
      const raw = text.slice(value.span.start, value.span.end);
      return raw === "true" ? "True" : raw === "false" ? "False" : raw;
    }
  }
}
