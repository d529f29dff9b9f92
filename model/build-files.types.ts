import type { Span } from "../syntax/source.ts";

/** A place in one of the build files; `path` is relative to the root of the project. */
export interface BuildPlace {
  readonly path: string;
  readonly span: Span;
}

/** Something in a build file that only running it would tell. */
export interface UnresolvedBuildFact extends BuildPlace {
  /** What is unknown: `sources` of an extension, its `name`, the list given to `ext_modules`, ... */
  readonly what: "name" | "sources" | "define_macros" | "ext_modules" | "syntax";
  readonly message: string;
}

/** One extension that the build files declare. */
export interface ExtensionFact extends BuildPlace {
  /** Dotted module name with `ext_package`; null where it is not static (`unresolved` then has an entry for it). */
  readonly name: string | null;
  /** The name as the `Extension` call gives it, that is without `ext_package`. */
  readonly declaredName: string | null;
  /** Source paths relative to the root of the project, normalised, sorted as declared; globs are expanded over the given files. */
  readonly sources: readonly string[];
  /** `partial` when some element of the list is not static. */
  readonly sourcesResolved: "all" | "partial";
  /** `-D` macros: a null value is `-DNAME`. Alternatives of conditional code are all listed. */
  readonly defineMacros: readonly { readonly name: string; readonly value: string | null }[];
  /** Include directories relative to the root of the project, where static. */
  readonly includeDirs: readonly string[];
  readonly extraCompileArgs: readonly string[];
  /** `c++` when declared so or when a source has a C++ suffix. */
  readonly language: "c" | "c++";
  /** `optional=True`: a failed build of this extension does not fail the build. */
  readonly optional: "required" | "optional";
  /** `py_limited_api=True` or a `Py_LIMITED_API` macro: HPy has its own stable ABI and cannot be combined with it. */
  readonly limitedApi: "full" | "limited";
  /** Which keyword it is given to: `ext_modules` (Python.h build) or `hpy_ext_modules`; `none` when it is declared but reaches neither. */
  readonly list: "ext_modules" | "hpy_ext_modules" | "none";
  /** Whether code decides at build time that it is built at all. */
  readonly condition: "always" | "conditional";
}

/** A place that hands a list of extensions to setuptools: a keyword argument, a dictionary key, a TOML key. */
export interface ExtensionListPlace extends BuildPlace {
  readonly list: "ext_modules" | "hpy_ext_modules";
  /**
   * `keyword`: `f(ext_modules=value)`; `dict-key`: `{"ext_modules": value}`; `store`: `d["ext_modules"] = value` and
   * `+=`; `add`: `d["ext_modules"].append(value)` or `.extend(value)`; `reference`: the key alone, as in
   * `d.pop("ext_modules")`; `attribute`: `x.ext_modules`; `toml`: a key of pyproject.toml.
   */
  readonly form: "keyword" | "dict-key" | "store" | "add" | "reference" | "attribute" | "toml";
  /** The keyword, the string literal with its quotes, or the attribute name: what a rename replaces. */
  readonly nameSpan: Span;
  /** The expression that gives the list; null where the place only reads it. */
  readonly valueSpan: Span | null;
  /** Indexes into `BuildFacts.extensions` of what may reach this place. */
  readonly extensions: readonly number[];
  /** `some` when the list may also hold extensions that could not be told statically. */
  readonly unknown: "none" | "some";
  /** Whether the value may be None instead of a list. */
  readonly value: "list" | "list-or-none";
}

/** A class in the build script that replaces the build_ext command. */
export interface BuildExtFact extends BuildPlace {
  readonly className: string;
  /** Which build_ext it derives from in the end; HPy requires the one of setuptools. */
  readonly base: "setuptools" | "distutils" | "other";
}

export type BuildBackend =
  | "setuptools"
  | "poetry"
  | "pdm"
  | "scikit-build"
  | "meson"
  | "hatch"
  | "flit"
  | "cmake"
  | "other"
  | "none";

export interface BuildFacts {
  /** Folder that holds the build files, relative to the root of the project and with no final slash; empty for the root itself. */
  readonly root: string;
  /** `setup.py`, or the build script of Poetry or PDM; null where pyproject.toml says everything. */
  readonly script: string | null;
  /** Paths of the build files that were read. */
  readonly files: readonly string[];
  /** What builds the extensions. */
  readonly backend: BuildBackend;
  /** The `build-backend` of pyproject.toml; null where there is none. */
  readonly backendName: string | null;
  /** Why this backend cannot build HPy extensions, for people; null when it can. */
  readonly unsupported: string | null;
  readonly extensions: readonly ExtensionFact[];
  readonly lists: readonly ExtensionListPlace[];
  readonly buildExt: readonly BuildExtFact[];
  /** `self.extensions = ...` in a command class, which the build_ext of HPy ignores. */
  readonly replacedExtensionLists: readonly BuildPlace[];
  readonly unresolved: readonly UnresolvedBuildFact[];
  /**
   * Whether setuptools reads the manifest for package data. It then rejects the absolute paths of HPy's own sources,
   * unless HPy's static library is linked instead.
   */
  readonly includePackageData: "on" | "off";
  /**
   * Whether the presence of `ext_modules` is what keeps setuptools from searching for packages: no packages and no
   * modules are named, and pyproject.toml does not configure setuptools.
   */
  readonly packageDiscovery: "off-by-ext-modules" | "unrelated";
  /** `[project]` in pyproject.toml. */
  readonly metadata: "pep-621" | "setup-script";
  /** Uses of `-Werror` in compile arguments; HPy's own sources would be compiled with it too. */
  readonly werror: readonly (BuildPlace & { readonly condition: "always" | "conditional" })[];
  /** Calls of `Distribution`: a script that runs the commands itself, outside setup(). */
  readonly handmadeDistributions: readonly BuildPlace[];
  /** Uses of `Py_LIMITED_API` and `py_limited_api`. */
  readonly limitedApi: readonly BuildPlace[];
}
