import type { InputFile } from "../syntax/source.ts";
import type { BuildFacts } from "./build-files.types.ts";

/** Reads what the build files of a project declare; a stub that knows no extension yet. */
export function readBuildFiles(files: readonly InputFile[]): BuildFacts {
  return {
    root: "",
    files: files.map((file) => file.path).filter((path) => path === "setup.py" || path === "pyproject.toml"),
    backend: "setuptools",
    backendName: null,
    unsupported: null,
    extensions: [],
    lists: [],
    buildExt: [],
    unresolved: [],
    metadata: "setup-script",
    werror: [],
    limitedApi: [],
  };
}
