/** C types and declarators, as far as references to Python objects need them. */

import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** A declared type: `PyObject **x[3]` has base `PyObject`, two pointers and one array dimension. */
export interface CType {
  /** Type specifier without qualifiers, white space folded: `PyObject`, `unsigned int`, `struct foo`; with ` &` behind it for a reference of C++. */
  readonly base: string;
  readonly pointers: number;
  readonly arrays: number;
  /** True for functions and pointers to functions. */
  readonly isFunction: boolean;
}

export interface Declarator {
  readonly name: string;
  /** The identifier; NONE for an abstract declarator. */
  readonly nameNode: Node;
  readonly type: CType;
  /** The whole declarator without its initialiser. */
  readonly node: Node;
  /** The initialiser, or NONE. */
  readonly value: Node;
  /** The `*` tokens of the declarator, outermost first. */
  readonly stars: readonly Node[];
  /** Node of the parameter list when this declares a function, else NONE. */
  readonly parameters: Node;
}

/** Text of a node with white space folded and comments left out. */
export function foldedText(tree: Tree, n: Node): string {
  const tokens: string[] = [];
  const end = tree.next(n);
  for (let c = n; c < end; c++) {
    if (tree.isComment(c)) continue;
    if (tree.next(c) === c + 1) tokens.push(tree.source(c));
  }
  return tokens.join(" ");
}

/** Type specifier of a declaration, parameter, field or function definition, without qualifiers. */
export function typeSpecifier(tree: Tree, declaration: Node): string {
  const type = tree.field(declaration, "type");
  if (type === NONE) return "";
  const kind = tree.kind(type);
  if (kind === "struct_specifier" || kind === "union_specifier" || kind === "enum_specifier") {
    const name = tree.field(type, "name");
    return `${kind.slice(0, kind.indexOf("_"))} ${name === NONE ? "" : tree.source(name)}`;
  }
  return foldedText(tree, type);
}

/** Reads a declarator; `base` is the specifier that it modifies. */
export function readDeclarator(tree: Tree, node: Node, base: string): Declarator {
  let pointers = 0;
  let arrays = 0;
  let isFunction = false;
  let references = "";
  let parameters: Node = NONE;
  const stars: Node[] = [];
  let value: Node = NONE;
  let at = node;
  let whole = node;
  if (tree.kind(at) === "init_declarator") {
    value = tree.field(at, "value");
    at = tree.field(at, "declarator");
    whole = at;
  }
  for (;;) {
    const kind = at === NONE ? "" : tree.kind(at);
    if (kind === "pointer_declarator" || kind === "abstract_pointer_declarator") {
      pointers++;
      const star = tree.token(at, "*");
      if (star !== NONE) stars.push(star);
      at = tree.field(at, "declarator");
    } else if (kind === "reference_declarator" || kind === "abstract_reference_declarator") {
      references = " &";
      at = tree.named(at)[0] ?? NONE;
    } else if (kind === "array_declarator" || kind === "abstract_array_declarator") {
      arrays++;
      at = tree.field(at, "declarator");
    } else if (kind === "function_declarator" || kind === "abstract_function_declarator") {
      isFunction = true;
      if (parameters === NONE) parameters = tree.field(at, "parameters");
      at = tree.field(at, "declarator");
    } else if (
      kind === "parenthesized_declarator" ||
      kind === "abstract_parenthesized_declarator" ||
      kind === "attributed_declarator"
    ) {
      at = tree.named(at).find((c) => tree.kind(c) !== "attribute_declaration") ?? NONE;
    } else break;
  }
  const named = at !== NONE && ["identifier", "field_identifier", "type_identifier"].includes(tree.kind(at));
  return {
    name: named ? tree.source(at) : "",
    nameNode: named ? at : NONE,
    type: { base: `${base}${references}`, pointers, arrays, isFunction },
    node: whole,
    value,
    stars,
    parameters,
  };
}

/** All declarators of a declaration, field declaration, type definition, function definition or parameter. */
export function readDeclarators(tree: Tree, declaration: Node): Declarator[] {
  const base = typeSpecifier(tree, declaration);
  return tree.fields(declaration, "declarator").map((d) => readDeclarator(tree, d, base));
}

/** The type of a cast, `sizeof` operand or compound literal: a `type_descriptor` node. */
export function readTypeDescriptor(tree: Tree, descriptor: Node): CType {
  const base = typeSpecifier(tree, descriptor);
  const declarator = tree.field(descriptor, "declarator");
  return declarator === NONE
    ? { base, pointers: 0, arrays: 0, isFunction: false }
    : readDeclarator(tree, declarator, base).type;
}

/** Whether a storage class such as `static` or `extern` is given. */
export function hasStorage(tree: Tree, declaration: Node, storage: string): boolean {
  return tree
    .children(declaration)
    .some((c) => tree.kind(c) === "storage_class_specifier" && tree.source(c) === storage);
}

const OBJECT_BASES: ReadonlySet<string> = new Set(["PyObject", "PyTypeObject", "struct _object"]);

/** Whether values of this type are references to Python objects (`PyObject *`, `PyTypeObject *`). */
export function isObjectPointer(type: CType): boolean {
  return OBJECT_BASES.has(type.base) && type.pointers === 1 && type.arrays === 0 && !type.isFunction;
}

/** The node without parentheses and casts around it. */
export function stripParentheses(tree: Tree, n: Node): Node {
  let at = n;
  while (at !== NONE && tree.kind(at) === "parenthesized_expression") at = tree.named(at)[0] ?? NONE;
  return at;
}

/** The expression below parentheses and casts. */
export function stripCasts(tree: Tree, n: Node): Node {
  let at = stripParentheses(tree, n);
  while (at !== NONE && tree.kind(at) === "cast_expression") at = stripParentheses(tree, tree.field(at, "value"));
  return at;
}

/** Value of a string literal or concatenation of literals, escapes decoded (latin-1 bytes); null for anything else. */
export function stringValue(tree: Tree, n: Node): string | null {
  const at = stripParentheses(tree, n);
  if (at === NONE) return null;
  if (tree.kind(at) === "concatenated_string") {
    let text = "";
    for (const part of tree.named(at)) {
      const piece = stringValue(tree, part);
      if (piece === null) return null;
      text += piece;
    }
    return text;
  }
  if (tree.kind(at) !== "string_literal") return null;
  const source = tree.source(at);
  if (!source.startsWith('"') || !source.endsWith('"')) return null;
  return decodeEscapes(source.slice(1, -1));
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  "?": "?",
};

/** Decodes C escapes of a literal's inner text. */
export function decodeEscapes(inner: string): string {
  let out = "";
  for (let i = 0; i < inner.length; i++) {
    const c = inner.charAt(i);
    if (c !== "\\") {
      out += c;
      continue;
    }
    const next = inner.charAt(i + 1);
    if (next >= "0" && next <= "7") {
      let digits = "";
      while (digits.length < 3 && inner.charAt(i + 1) >= "0" && inner.charAt(i + 1) <= "7") digits += inner.charAt(++i);
      out += String.fromCharCode(Number.parseInt(digits, 8) & 0xff);
    } else if (next === "x") {
      i++;
      let digits = "";
      while ("0123456789abcdefABCDEF".includes(inner.charAt(i + 1)) && inner.charAt(i + 1) !== "")
        digits += inner.charAt(++i);
      out += String.fromCharCode(Number.parseInt(digits, 16) & 0xff);
    } else if (next === "\n") i++;
    else if (next === "\r") i += inner.charAt(i + 2) === "\n" ? 2 : 1;
    else {
      out += SIMPLE_ESCAPES[next] ?? next;
      i++;
    }
  }
  return out;
}
