import { branchCondition, type DirectiveGroup } from "./directives.ts";
import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";

const CPP_EXTENSIONS = new Set(["cc", "cpp", "cxx", "c++", "hpp", "hh", "hxx", "C", "H", "inl", "ipp", "tpp"]);
const HEADER_EXTENSIONS = new Set(["h", "inc"]);

const CPP_WORDS = new Set(["static_cast", "reinterpret_cast", "const_cast", "dynamic_cast", "typename", "constexpr"]);
const ACCESS_WORDS = new Set(["public", "private", "protected"]);

function extensionOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Tells of the headers of a project which are included by its C++ sources and by none in C; by base name. */
export class HeaderUse {
  readonly #byC = new Set<string>();
  readonly #byCpp = new Set<string>();
  #cSources = 0;
  #cppSources = 0;

  /** Counts the includes of one file; those of headers say nothing. */
  add(path: string, included: readonly string[]): void {
    const extension = extensionOf(path);
    const names = included.map(baseName);
    if (CPP_EXTENSIONS.has(extension)) {
      this.#cppSources++;
      for (const name of names) this.#byCpp.add(name);
    } else if (extension === "c") {
      this.#cSources++;
      for (const name of names) this.#byC.add(name);
    }
  }

  /** Whether the header at `path` is for C++ only, as far as can be told. */
  isCppOnly(path: string): boolean {
    const name = baseName(path);
    if (this.#byC.has(name)) return false;
    return this.#byCpp.has(name) || (this.#cSources === 0 && this.#cppSources > 0);
  }
}

/**
 * Language of a file by its extension; a header is C++ when only C++ sources include it, or when it holds C++ outside
 * of what only a C++ compiler sees. `tokens` are without comments.
 */
export function detectLanguage(
  path: string,
  tokens: Tokens,
  groups: readonly DirectiveGroup[],
  use: HeaderUse,
): "c" | "cpp" {
  const extension = extensionOf(path);
  if (CPP_EXTENSIONS.has(extension)) return "cpp";
  if (!HEADER_EXTENSIONS.has(extension)) return "c";
  if (use.isCppOnly(path)) return "cpp";
  const skipTo = new Map<number, number>();
  for (const group of groups) {
    const first = group.branches[0] as number;
    const condition = branchCondition(tokens, first);
    if (!condition.includes("__cplusplus") || condition.startsWith("!")) continue;
    skipTo.set(first, group.branches[1] ?? (group.end < 0 ? tokens.count : group.end));
  }
  for (let t = 0; t < tokens.count; t++) {
    const skip = skipTo.get(t);
    if (skip !== undefined) t = skip;
    if (isCpp(tokens, t)) return "cpp";
  }
  return "c";
}

function isCpp(tokens: Tokens, t: number): boolean {
  if (isPunctuation(tokens, t, 58)) return isPunctuation(tokens, t + 1, 58) && tokens.start[t + 1] === tokens.end[t];
  if (tokens.kind[t] !== TokenKind.identifier) return false;
  const word = tokenText(tokens, t);
  if (word === "template") return isPunctuation(tokens, t + 1, 60);
  if (CPP_WORDS.has(word)) return true;
  if (ACCESS_WORDS.has(word)) return isPunctuation(tokens, t + 1, 58);
  if (word !== "namespace" && word !== "class") return false;
  return tokens.kind[t + 1] === TokenKind.identifier;
}
