import { parse as parseToml } from "smol-toml";
import type { InputFile, Span } from "../syntax/source.ts";
import type {
  BuildBackend,
  BuildExtFact,
  BuildFacts,
  BuildPlace,
  ExtensionFact,
  ExtensionListPlace,
  UnresolvedBuildFact,
} from "./build-files.types.ts";
import { parentPath, projectPath } from "./build-paths.ts";
import {
  type DeclaredExtension,
  Evaluator,
  itemsOf,
  Script,
  type Site,
  type Value,
  type Visit,
} from "./build-script.ts";
import type { PyCall, PyClass, PyExpression } from "./python-syntax.ts";
import { scanToml, type TomlPair, type TomlTable, type TomlValue } from "./toml-spans.ts";

/** What names the contents of a package; setuptools does not search for packages where one of them is given. */
const PACKAGE_KEYS: ReadonlySet<string> = new Set(["packages", "py_modules"]);

const LIST_NAMES: ReadonlySet<string> = new Set(["ext_modules", "hpy_ext_modules"]);

/**
 * Reads what the build files of a project (setup.py or the build script of Poetry or PDM, setup.cfg, pyproject.toml)
 * declare, without running anything.
 *
 * `files` are all files of the project: globs are expanded over them. What is not static is listed in `unresolved`.
 */
export function readBuildFiles(files: readonly InputFile[]): BuildFacts {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const root = findRoot(files);
  const inRoot = (name: string): InputFile | undefined => byPath.get(root === "" ? name : `${root}/${name}`);
  const pyproject = inRoot("pyproject.toml");
  const toml = pyproject === undefined ? { data: {}, tables: [] } : readToml(pyproject.text);
  const configuredScript = buildScriptOf(toml.data);
  const scriptFile = inRoot("setup.py") ?? (configuredScript === null ? undefined : inRoot(configuredScript));
  const scripts = scriptFile === undefined ? [] : loadScripts(scriptFile, byPath);
  const evaluator = new Evaluator(scripts, files, root);

  const unresolved: UnresolvedBuildFact[] = [];
  for (const script of scripts) {
    for (const span of script.module.errors.slice(0, 1)) {
      unresolved.push({ path: script.path, span, what: "syntax", message: "This is not valid Python." });
    }
  }
  const reader = new ListReader(evaluator, scripts);
  const places = reader.read();
  const declared = declaredExtensions(evaluator);
  const packagePrefix = reader.packagePrefix();
  const listOf = new Map<DeclaredExtension, ExtensionFact["list"]>();
  for (const place of places) {
    for (const extension of place.declared) {
      if (listOf.get(extension) !== "ext_modules") listOf.set(extension, place.list);
    }
  }
  const extensions = declared.map((extension) =>
    extensionFact(extension, listOf.get(extension) ?? "none", packagePrefix, root, unresolved),
  );
  const lists = places.map(
    ({ declared: held, ...place }): ExtensionListPlace => ({
      ...place,
      extensions: held.map((extension) => declared.indexOf(extension)).filter((index) => index >= 0),
    }),
  );
  for (const place of lists) {
    if (place.unknown === "none") continue;
    unresolved.push({
      path: place.path,
      span: place.valueSpan ?? place.span,
      what: "ext_modules",
      message: `What this gives to ${place.list} is only known when it runs.`,
    });
  }
  if (pyproject !== undefined) addTomlExtensions(pyproject.path, toml.tables, root, extensions, lists);

  const config = inRoot("setup.cfg");
  const cfg = config === undefined ? [] : readIni(config.text);
  const backendName = textAt(toml.data, ["build-system", "build-backend"]);
  const backend = classifyBackend(backendName, scripts, toml.data, files, root, scriptFile);
  const flags = reader.flags();
  const wheelLimited = cfg.filter((entry) => entry.section === "bdist_wheel" && entry.key === "py_limited_api");
  return {
    root,
    script: scriptFile?.path ?? null,
    files: [...scripts.map((script) => script.path), config?.path, pyproject?.path].filter(
      (path) => path !== undefined,
    ),
    backend: backend.backend,
    backendName,
    unsupported: backend.unsupported,
    extensions,
    lists,
    buildExt: scripts.flatMap((script) => buildExtClasses(script, evaluator)),
    replacedExtensionLists: scripts.flatMap((script) =>
      script.attributeUpdates
        .filter((update) => update.name === "extensions" && update.how === "set")
        .filter((update) => update.object.kind === "name" && update.object.name === "self")
        .map((update) => ({ path: script.path, span: update.expression.span })),
    ),
    packageDiscovery:
      backend.backend === "setuptools" &&
      !configuresSetuptools(toml.data) &&
      !cfg.some((entry) => entry.section === "options" && PACKAGE_KEYS.has(entry.key)) &&
      !reader.mentions(PACKAGE_KEYS)
        ? "off-by-ext-modules"
        : "unrelated",
    includePackageData: packageData(toml.data, cfg, reader.keyword("include_package_data")),
    unresolved,
    metadata: valueAt(toml.data, ["project"]) === undefined ? "setup-script" : "pep-621",
    werror: flags.werror,
    handmadeDistributions: flags.handmadeDistributions,
    limitedApi: [
      ...flags.limitedApi,
      ...(config === undefined ? [] : wheelLimited.map((entry) => ({ path: config.path, span: entry.span }))),
    ],
  };
}

/** The folder that is built: the one nearest to the root that holds a setup.py or a pyproject.toml of a package. */
function findRoot(files: readonly InputFile[]): string {
  const isBuildFile = (file: InputFile): boolean => {
    const name = file.path.split("/").at(-1);
    if (name === "setup.py") return true;
    if (name !== "pyproject.toml") return false;
    // A pyproject.toml may also only configure tools.
    const { data } = readToml(file.text);
    return [["project"], ["build-system"], ["tool", "poetry"]].some((path) => valueAt(data, path) !== undefined);
  };
  const depth = (path: string): number => (path === "" ? 0 : path.split("/").length);
  const candidates = files
    .filter(isBuildFile)
    .map((file) => parentPath(file.path))
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
  return candidates[0] ?? "";
}

/** A parsed pyproject.toml with the places of its keys; empty where it is not valid TOML. */
export function readToml(text: string): { data: unknown; tables: readonly TomlTable[] } {
  try {
    return { data: parseToml(text.startsWith("\u00ef\u00bb\u00bf") ? text.slice(3) : text), tables: scanToml(text) };
  } catch {
    return { data: {}, tables: [] };
  }
}

/** The value at a path of tables; undefined where there is none. */
function valueAt(data: unknown, path: readonly string[]): unknown {
  let at = data;
  for (const key of path) {
    if (typeof at !== "object" || at === null || Array.isArray(at)) return undefined;
    at = Object.entries(at).find(([name]) => name === key)?.[1];
  }
  return at;
}

function textAt(data: unknown, path: readonly string[]): string | null {
  const value = valueAt(data, path);
  return typeof value === "string" ? value : null;
}

/** `build = "build.py"` of Poetry and `setup-script` of PDM. */
function buildScriptOf(data: unknown): string | null {
  return (
    textAt(data, ["tool", "poetry", "build"]) ??
    textAt(data, ["tool", "poetry", "build", "script"]) ??
    textAt(data, ["tool", "pdm", "build", "setup-script"]) ??
    textAt(data, ["tool", "pdm", "build"])
  );
}

/** Whether setuptools will look for package data in the manifest; its default is to do so once pyproject.toml configures it. */
function packageData(data: unknown, cfg: readonly IniEntry[], keyword: boolean | null): "on" | "off" {
  const toml = valueAt(data, ["tool", "setuptools", "include-package-data"]);
  if (typeof toml === "boolean") return toml ? "on" : "off";
  const ini = cfg.find((entry) => entry.section === "options" && entry.key === "include_package_data");
  if (keyword !== null) return keyword ? "on" : "off";
  if (ini !== undefined) return ["true", "1", "yes"].includes(ini.value.toLowerCase()) ? "on" : "off";
  return configuresSetuptools(data) ? "on" : "off";
}

/** Whether setuptools takes its configuration from pyproject.toml, which changes some of its defaults. */
function configuresSetuptools(data: unknown): boolean {
  return (valueAt(data, ["project"]) ?? valueAt(data, ["tool", "setuptools"])) !== undefined;
}

/** One `key = value` of an INI file. */
export interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly span: Span;
}

/** The entries of setup.cfg; a section without entries has one with an empty key. */
export function readIni(text: string): readonly IniEntry[] {
  const entries: IniEntry[] = [];
  let section = "";
  let start = 0;
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    const span = { start, end: start + line.trimEnd().length };
    start += line.length + 1;
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
    if (trimmed.startsWith("[") && trimmed.endsWith("]")) {
      section = trimmed.slice(1, -1).trim();
      entries.push({ section, key: "", value: "", span });
      continue;
    }
    const equals = Math.min(...["=", ":"].map((sign) => trimmed.indexOf(sign)).filter((at) => at >= 0));
    if (line.startsWith(" ") || line.startsWith("\t") || !Number.isFinite(equals)) continue;
    const key = trimmed.slice(0, equals).trim().toLowerCase().replaceAll("-", "_");
    entries.push({ section, key, value: trimmed.slice(equals + 1).trim(), span });
  }
  return entries;
}

/** The build script and the modules of the project beside it that it imports. */
function loadScripts(first: InputFile, byPath: ReadonlyMap<string, InputFile>): Script[] {
  const scripts: Script[] = [];
  const seen = new Set<string>();
  const folder = parentPath(first.path);
  const load = (file: InputFile): void => {
    if (seen.has(file.path)) return;
    seen.add(file.path);
    const script = new Script(file);
    scripts.push(script);
    for (const statement of script.imports) {
      const modules = statement.module === null ? statement.names.map((each) => each.name) : [statement.module];
      for (const module of modules) {
        const path = module
          .split(".")
          .filter((part) => part !== "")
          .join("/");
        const next = byPath.get(`${folder === "" ? "" : `${folder}/`}${path}.py`);
        if (next !== undefined) load(next);
      }
    }
  };
  load(first);
  return scripts;
}

type PlaceDraft = Omit<ExtensionListPlace, "extensions"> & { readonly declared: readonly DeclaredExtension[] };

/** Finds the places of a script that name `ext_modules` and what flows into them. */
class ListReader {
  readonly #evaluator: Evaluator;
  readonly #scripts: readonly Script[];
  readonly #claimed = new Set<string>();
  readonly #places: PlaceDraft[] = [];

  constructor(evaluator: Evaluator, scripts: readonly Script[]) {
    this.#evaluator = evaluator;
    this.#scripts = scripts;
  }

  read(): PlaceDraft[] {
    for (const script of this.#scripts) {
      for (const visit of script.visits) {
        if (visit.expression.kind === "call" && this.#evaluator.isExtensionClass(visit.expression.callee, visit)) {
          this.#evaluator.valuesAt(visit, visit.expression);
        }
      }
    }
    for (const script of this.#scripts) {
      for (const visit of script.visits) this.#keywordsAndKeys(visit);
      for (const store of script.keyStores) {
        if (isListName(store.key)) this.#add(store, store.key, store.form, store.key.span, store.expression);
      }
      for (const visit of script.visits) this.#references(visit);
    }
    this.#applyAttributeUpdates();
    return this.#places.sort((a, b) =>
      a.path < b.path ? -1 : a.path > b.path ? 1 : a.nameSpan.start - b.nameSpan.start,
    );
  }

  /** `ext_package` with its dot; empty where there is none. */
  packagePrefix(): string {
    for (const script of this.#scripts) {
      for (const visit of script.visits) {
        if (visit.expression.kind !== "call") continue;
        for (const argument of visit.expression.arguments) {
          if (argument.name !== "ext_package") continue;
          const [value] = this.#evaluator.valuesAt(visit, argument.value);
          if (value?.kind === "string" && value.value !== "") return `${value.value}.`;
        }
      }
    }
    return "";
  }

  /** Whether a keyword or a string of any script is one of these names. */
  mentions(names: ReadonlySet<string>): boolean {
    return this.#scripts.some((script) =>
      script.visits.some(
        ({ expression }) =>
          (expression.kind === "string" && names.has(expression.value)) ||
          (expression.kind === "call" && expression.arguments.some((argument) => names.has(argument.name))),
      ),
    );
  }

  /** What a keyword argument of any call is set to; null where no call has it. */
  keyword(name: string): boolean | null {
    for (const script of this.#scripts) {
      for (const visit of script.visits) {
        if (visit.expression.kind !== "call") continue;
        for (const argument of visit.expression.arguments) {
          if (argument.form !== "keyword" || argument.name !== name) continue;
          return !(argument.value.kind === "constant" && argument.value.value !== true);
        }
      }
    }
    return null;
  }

  flags(): Pick<BuildFacts, "werror" | "limitedApi" | "handmadeDistributions"> {
    const werror: BuildFacts["werror"][number][] = [];
    const handmadeDistributions: BuildPlace[] = [];
    const limitedApi: BuildPlace[] = [];
    for (const script of this.#scripts) {
      for (const visit of script.visits) {
        const { expression } = visit;
        const place = { path: script.path, span: expression.span };
        if (expression.kind === "string") {
          if (expression.value === "-Werror") {
            werror.push({ ...place, condition: visit.blocks.length > 0 ? "conditional" : "always" });
          }
          if (expression.value === "Py_LIMITED_API" || expression.value.startsWith("-DPy_LIMITED_API")) {
            limitedApi.push(place);
          }
        }
        if (expression.kind !== "call") continue;
        const callees = this.#evaluator.canonicalNames(expression.callee, visit);
        if (callees.some((name) => ["setuptools.Distribution", "distutils.core.Distribution"].includes(name))) {
          handmadeDistributions.push(place);
        }
        for (const argument of expression.arguments) {
          const off = argument.value.kind === "constant" && argument.value.value !== true;
          if (argument.name === "py_limited_api" && !off) limitedApi.push({ path: script.path, span: argument.span });
        }
      }
    }
    return { werror, limitedApi, handmadeDistributions };
  }

  #keywordsAndKeys(visit: Visit): void {
    const { expression } = visit;
    if (expression.kind === "call") {
      for (const argument of expression.arguments) {
        if (argument.form !== "keyword" || !LIST_NAMES.has(argument.name)) continue;
        if (this.#isParameter(expression, argument.name, visit)) continue;
        this.#addNamed(visit, argument.name, "keyword", argument.nameSpan, argument.value, argument.span);
      }
    } else if (expression.kind === "dict") {
      for (const entry of expression.entries) {
        if (entry.key === null || !isListName(entry.key)) continue;
        this.#add(visit, entry.key, "dict-key", entry.key.span, entry.value);
      }
    }
  }

  #references(visit: Visit): void {
    const { expression } = visit;
    if (expression.kind === "string" && LIST_NAMES.has(expression.value)) {
      this.#addNamed(visit, expression.value, "reference", expression.span, null, expression.span);
    }
    if (expression.kind === "attribute" && LIST_NAMES.has(expression.name)) {
      this.#addNamed(visit, expression.name, "attribute", expression.nameSpan, null, expression.span);
    }
    if (
      expression.kind === "call" &&
      expression.callee.kind === "attribute" &&
      expression.callee.name === "setdefault"
    ) {
      const [key, value] = expression.arguments;
      const place = this.#places.find((each) => key !== undefined && each.nameSpan === key.value.span);
      if (place === undefined && key !== undefined && value !== undefined && isListName(key.value)) {
        this.#add(visit, key.value, "store", key.value.span, value.value);
      }
    }
  }

  /** Whether a keyword is only the parameter of a function of the script. */
  #isParameter(call: PyCall, name: string, site: Site): boolean {
    const target = this.#evaluator.localFunction(call.callee, site)?.node;
    return target?.parameters.some((parameter) => parameter.name === name) === true;
  }

  #add(
    visit: Visit,
    key: Extract<PyExpression, { kind: "string" }>,
    form: ExtensionListPlace["form"],
    nameSpan: Span,
    value: PyExpression,
  ): void {
    this.#addNamed(visit, key.value, form, nameSpan, value, { start: nameSpan.start, end: value.span.end });
  }

  #addNamed(
    visit: Visit,
    name: string,
    form: ExtensionListPlace["form"],
    nameSpan: Span,
    value: PyExpression | null,
    span: Span,
  ): void {
    const claim = `${visit.script.path}:${nameSpan.start}`;
    if (this.#claimed.has(claim)) return;
    this.#claimed.add(claim);
    const whole = value === null ? [] : this.#evaluator.valuesAt(visit, value);
    const values = itemsOf(whole);
    if (visit.script.blocksAt(nameSpan.start).length > 0) {
      for (const each of values) if (each.kind === "extension") each.extension.conditional = true;
    }
    this.#places.push({
      path: visit.script.path,
      span,
      list: name === "ext_modules" ? "ext_modules" : "hpy_ext_modules",
      form,
      nameSpan,
      valueSpan: value?.span ?? null,
      declared: values.flatMap((each) => (each.kind === "extension" ? [each.extension] : [])),
      unknown: values.some((each) => each.kind !== "extension") ? "some" : "none",
      value: whole.some((each) => each.kind === "constant") ? "list-or-none" : "list",
    });
  }

  /** `extension.sources.append(...)` and its like, outside the call that makes the extension. */
  #applyAttributeUpdates(): void {
    const options = new Set(["sources", "define_macros", "include_dirs", "extra_compile_args", "language", "optional"]);
    for (const script of this.#scripts) {
      for (const update of script.attributeUpdates) {
        if (!options.has(update.name)) continue;
        const targets = this.#evaluator
          .valuesAt(update, update.object)
          .flatMap((value) => (value.kind === "extension" ? [value.extension] : []));
        if (targets.length === 0) continue;
        const values = this.#evaluator.valuesAt(update, update.expression);
        const items =
          update.how === "append" || values.every((value) => value.kind !== "list") ? values : itemsOf(values);
        for (const target of targets) {
          const list = update.name === "sources" ? target.sources : (target.options.get(update.name) ?? []);
          list.push(...items);
          if (update.name !== "sources") target.options.set(update.name, list);
        }
      }
    }
  }
}

function isListName(expression: PyExpression): expression is Extract<PyExpression, { kind: "string" }> {
  return expression.kind === "string" && LIST_NAMES.has(expression.value);
}

/** Extensions without a static name are dropped where the same call is known under a name. */
function declaredExtensions(evaluator: Evaluator): DeclaredExtension[] {
  const named = new Set(
    evaluator.extensions.filter((each) => each.name !== null).map((each) => `${each.path}:${each.span.start}`),
  );
  return evaluator.extensions.filter((each) => each.name !== null || !named.has(`${each.path}:${each.span.start}`));
}

function extensionFact(
  declared: DeclaredExtension,
  list: ExtensionFact["list"],
  packagePrefix: string,
  root: string,
  unresolved: UnresolvedBuildFact[],
): ExtensionFact {
  const place = { path: declared.path, span: declared.span };
  const option = (name: string): readonly Value[] => declared.options.get(name) ?? [];
  const sources: string[] = [];
  let resolved: ExtensionFact["sourcesResolved"] = "all";
  for (const value of declared.sources) {
    const path = value.kind === "string" ? projectPath(value.value, root) : null;
    if (path !== null) sources.push(path);
    else resolved = "partial";
  }
  const firstUnknown = declared.sources.find((value) => value.kind === "unknown");
  if (resolved === "partial") {
    const span =
      firstUnknown?.kind === "unknown" && firstUnknown.path === declared.path ? firstUnknown.span : place.span;
    unresolved.push({
      ...place,
      span,
      what: "sources",
      message: "Some sources of this extension are only known when it runs.",
    });
  }
  if (declared.name === null) {
    unresolved.push({ ...place, what: "name", message: "The name of this extension is only known when it runs." });
  }
  const defineMacros = option("define_macros").flatMap((value) => {
    if (value.kind !== "list") return [];
    const [name, text] = value.items;
    if (name?.kind !== "string") return [];
    return [{ name: name.value, value: text?.kind === "string" ? text.value : null }];
  });
  const strings = (name: string): string[] =>
    option(name).flatMap((value) => (value.kind === "string" ? [value.value] : []));
  const cpp =
    strings("language").includes("c++") ||
    sources.some((path) => [".cpp", ".cc", ".cxx", ".C"].some((suffix) => path.endsWith(suffix)));
  const isTrue = (name: string): boolean =>
    option(name).some((value) => value.kind !== "constant" || value.value === true);
  return {
    ...place,
    name: declared.name === null ? null : packagePrefix + declared.name,
    declaredName: declared.name,
    sources: [...new Set(sources)],
    sourcesResolved: resolved,
    defineMacros,
    includeDirs: strings("include_dirs").flatMap((path) => projectPath(path, root) ?? []),
    extraCompileArgs: strings("extra_compile_args"),
    language: cpp ? "c++" : "c",
    optional: isTrue("optional") ? "optional" : "required",
    limitedApi:
      isTrue("py_limited_api") || defineMacros.some((macro) => macro.name === "Py_LIMITED_API") ? "limited" : "full",
    list,
    condition: declared.conditional ? "conditional" : "always",
  };
}

/** `ext-modules` of `[tool.setuptools]`, in either of its two forms. */
function addTomlExtensions(
  path: string,
  tables: readonly TomlTable[],
  root: string,
  extensions: ExtensionFact[],
  lists: ExtensionListPlace[],
): void {
  for (const table of tables) {
    const where = table.path.join(".");
    if (where === "tool.setuptools.ext-modules" && table.form === "array") {
      const end = table.pairs.at(-1)?.value.span.end ?? table.header.end;
      lists.push(tomlPlace(path, table.header, table.header, [extensions.length]));
      extensions.push(tomlExtension(path, { start: table.header.start, end }, table.pairs, root));
    }
    for (const pair of table.pairs) {
      if ([...table.path, ...pair.key].join(".") !== "tool.setuptools.ext-modules") continue;
      const indexes = pair.value.elements.map((element) => {
        extensions.push(tomlExtension(path, element.span, element.pairs, root));
        return extensions.length - 1;
      });
      lists.push(tomlPlace(path, pair.keySpan, pair.value.span, indexes));
    }
  }
}

function tomlPlace(path: string, name: Span, value: Span, extensions: readonly number[]): ExtensionListPlace {
  return {
    path,
    span: { start: name.start, end: value.end },
    list: "ext_modules",
    form: "toml",
    nameSpan: name,
    valueSpan: value,
    extensions,
    unknown: "none",
    value: "list",
  };
}

function tomlExtension(path: string, span: Span, pairs: readonly TomlPair[], root: string): ExtensionFact {
  const value = (key: string): TomlValue | undefined => pairs.find((pair) => pair.key.join(".") === key)?.value;
  const strings = (key: string): string[] =>
    (value(key)?.elements ?? []).filter((element) => element.kind === "string").map((element) => element.text);
  const name = value("name")?.text ?? null;
  const sources = strings("sources").flatMap((source) => projectPath(source, root) ?? []);
  const macros = (value("define-macros")?.elements ?? []).map((element) => ({
    name: element.elements[0]?.text ?? "",
    value: element.elements[1]?.text ?? null,
  }));
  return {
    path,
    span,
    name,
    declaredName: name,
    sources,
    sourcesResolved: "all",
    defineMacros: macros,
    includeDirs: strings("include-dirs").flatMap((folder) => projectPath(folder, root) ?? []),
    extraCompileArgs: strings("extra-compile-args"),
    language: value("language")?.text === "c++" ? "c++" : "c",
    optional: value("optional") === undefined ? "required" : "optional",
    limitedApi:
      value("py-limited-api") !== undefined || macros.some((macro) => macro.name === "Py_LIMITED_API")
        ? "limited"
        : "full",
    list: "ext_modules",
    condition: "always",
  };
}

function buildExtClasses(script: Script, evaluator: Evaluator): BuildExtFact[] {
  const site: Site = { script, owner: null };
  const baseOf = (node: PyClass, seen: readonly PyClass[]): BuildExtFact["base"] | null => {
    if (seen.includes(node)) return null;
    for (const base of node.bases) {
      const local = evaluator.localClass(base, site);
      const inherited = local === null || local === node ? null : baseOf(local, [...seen, node]);
      if (inherited !== null) return inherited;
      const names = evaluator.canonicalNames(base, site).filter((name) => name.endsWith("build_ext"));
      if (names.length === 0) continue;
      if (names.some((name) => name.startsWith("setuptools."))) return "setuptools";
      return names.some((name) => name.startsWith("distutils.")) ? "distutils" : "other";
    }
    return null;
  };
  return script.classes.flatMap((node) => {
    const base = baseOf(node, []);
    return base === null ? [] : [{ path: script.path, span: node.span, className: node.name, base }];
  });
}

const BACKENDS: readonly (readonly [string, BuildBackend])[] = [
  ["setuptools.", "setuptools"],
  ["poetry.", "poetry"],
  ["pdm.", "pdm"],
  ["scikit_build_core.", "scikit-build"],
  ["skbuild.", "scikit-build"],
  ["mesonpy", "meson"],
  ["hatchling.", "hatch"],
  ["flit_core.", "flit"],
  ["flit_scm", "flit"],
];

function classifyBackend(
  name: string | null,
  scripts: readonly Script[],
  data: unknown,
  files: readonly InputFile[],
  root: string,
  scriptFile: InputFile | undefined,
): { backend: BuildBackend; unsupported: string | null } {
  const imports = scripts.flatMap((script) => script.imports.map((each) => each.module ?? each.names[0]?.name ?? ""));
  if (imports.some((module) => module === "skbuild" || module.startsWith("skbuild."))) {
    return { backend: "scikit-build", unsupported: unsupportedMessage("scikit-build", "CMake compiles the extension") };
  }
  if (imports.some((module) => module.startsWith("numpy.distutils"))) {
    return {
      backend: "other",
      unsupported: unsupportedMessage("numpy.distutils", "its build_ext does not derive from that of setuptools"),
    };
  }
  const inTree = valueAt(data, ["build-system", "backend-path"]) !== undefined;
  const backend =
    name === null || inTree ? null : (BACKENDS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? "other");
  if (backend === null) {
    if (scriptFile !== undefined || valueAt(data, ["tool", "setuptools"]) !== undefined) {
      return { backend: "setuptools", unsupported: null };
    }
    const has = (file: string): boolean => files.some((each) => each.path === (root === "" ? file : `${root}/${file}`));
    if (has("meson.build"))
      return { backend: "meson", unsupported: unsupportedMessage("Meson", "Meson compiles the extension") };
    if (has("CMakeLists.txt"))
      return { backend: "cmake", unsupported: unsupportedMessage("CMake", "CMake compiles the extension") };
    const none = valueAt(data, ["project"]) === undefined;
    return none
      ? {
          backend: "none",
          unsupported: "No build file was found. HPy extensions are built by setuptools: write a setup.py.",
        }
      : { backend: "setuptools", unsupported: null };
  }
  if (backend === "setuptools") return { backend, unsupported: null };
  if (backend === "poetry" || backend === "pdm") {
    return scriptFile === undefined
      ? { backend, unsupported: unsupportedMessage(name ?? backend, "no build script is configured") }
      : { backend, unsupported: null };
  }
  return { backend, unsupported: unsupportedMessage(name ?? backend, "it does not go through setuptools") };
}

function unsupportedMessage(builder: string, why: string): string {
  return (
    `HPy extensions are built by setuptools, and ${builder} cannot do it (${why}). ` +
    "Declare the extension in a setup.py with hpy_ext_modules and use the setuptools.build_meta backend."
  );
}
