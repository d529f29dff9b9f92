import type { SupportFunction } from "../support.ts";

interface Needs {
  readonly requires?: readonly string[];
  readonly includes?: readonly string[];
}

/** A support function that uses HPy only. */
export function pure(name: string, needs: Needs, code: string): SupportFunction {
  return { name, requires: needs.requires ?? [], includes: needs.includes ?? [], bridged: false, code };
}

/** A support function that calls the C API, which no universal build can. */
export function bridged(name: string, needs: Needs, code: string): SupportFunction {
  return { name, requires: needs.requires ?? [], includes: needs.includes ?? [], bridged: true, code };
}
