import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** A declared type as far as handles need it. */
export interface DeclaredType {
  /** Type name without qualifiers: `HPy`, `PyObject`, `char`, `struct x`. */
  readonly base: string;
  readonly pointers: number;
  readonly array: boolean;
  /** Number of elements as written; empty where nothing is. */
  readonly size: string;
  readonly constant: boolean;
  readonly reference: boolean;
}

export interface Variable {
  /** Unique within the function; the name, with the offset of the declaration where a name is declared twice. */
  readonly place: string;
  readonly name: string;
  readonly type: DeclaredType;
  readonly storage: "parameter" | "local" | "static";
  /** Index of the parameter; -1 for others. */
  readonly index: number;
  /** Where the name can be used: from here to the end of its block. */
  readonly from: number;
  readonly to: number;
}

/** One declared name: `HPy x = f()` gives `x` with its initialiser. */
export interface Declared {
  readonly name: string;
  readonly nameNode: Node;
  readonly type: DeclaredType;
  /** Initialiser or NONE. */
  readonly value: Node;
  readonly isFunction: boolean;
  readonly parameters: Node;
}

const DECLARATORS = new Set([
  "pointer_declarator",
  "array_declarator",
  "init_declarator",
  "function_declarator",
  "parenthesized_declarator",
  "reference_declarator",
  "attributed_declarator",
]);

/** Type name of a declaration-like node (declaration, parameter, field, function definition). */
function baseType(tree: Tree, node: Node): string {
  const type = tree.field(node, "type");
  if (type === NONE) return "";
  const name = tree.field(type, "name");
  const kind = tree.kind(type);
  if (kind.endsWith("_specifier") && kind !== "sized_type_specifier") {
    return name === NONE ? "" : `${kind.slice(0, kind.indexOf("_"))} ${tree.source(name)}`;
  }
  return tree.source(type);
}

function isConstant(tree: Tree, node: Node): boolean {
  return tree.named(node).some((c) => tree.kind(c) === "type_qualifier" && tree.source(c) === "const");
}

/** Reads one declarator of a declaration. */
export function readDeclarator(tree: Tree, declaration: Node, declarator: Node): Declared {
  let pointers = 0;
  let array = false;
  let size = "";
  let reference = false;
  let isFunction = false;
  let parameters: Node = NONE;
  let value: Node = NONE;
  let node = declarator;
  while (node !== NONE && DECLARATORS.has(tree.kind(node))) {
    const kind = tree.kind(node);
    if (kind === "pointer_declarator") pointers++;
    if (kind === "array_declarator") {
      array = true;
      const length = tree.field(node, "size");
      size = length === NONE ? "" : tree.source(length);
    }
    if (kind === "reference_declarator") reference = true;
    if (kind === "function_declarator") {
      isFunction = true;
      parameters = tree.field(node, "parameters");
    }
    if (kind === "init_declarator") value = tree.field(node, "value");
    const inner = tree.field(node, "declarator");
    node = inner !== NONE ? inner : (tree.named(node).find((c) => tree.kind(c) !== "type_qualifier") ?? NONE);
  }
  return {
    name: node === NONE ? "" : tree.source(node),
    nameNode: node,
    type: {
      base: baseType(tree, declaration),
      pointers,
      array,
      size,
      constant: isConstant(tree, declaration),
      reference,
    },
    value,
    isFunction,
    parameters,
  };
}

/** All names that a declaration declares. */
export function readDeclaration(tree: Tree, declaration: Node): Declared[] {
  return tree.fields(declaration, "declarator").map((d) => readDeclarator(tree, declaration, d));
}

/** Whether a declaration has this storage class. */
export function hasStorage(tree: Tree, declaration: Node, storage: "static" | "extern"): boolean {
  return tree.named(declaration).some((c) => tree.kind(c) === "storage_class_specifier" && tree.source(c) === storage);
}

/** Parameters and locals of a function with the part of the text in which each name means them. */
export class Scope {
  private readonly byName = new Map<string, Variable[]>();
  readonly parameters: readonly Variable[];

  constructor(tree: Tree, definition: Node) {
    const body = tree.field(definition, "body");
    const end = tree.end(definition);
    const head = readDeclaration(tree, definition)[0];
    const list = head === undefined || head.parameters === NONE ? [] : tree.named(head.parameters);
    const parameters: Variable[] = [];
    for (const node of list) {
      const kind = tree.kind(node);
      if (kind !== "parameter_declaration" && kind !== "optional_parameter_declaration") continue;
      const declarator = tree.field(node, "declarator");
      const read = readDeclarator(tree, node, declarator);
      const type = read.type.array ? { ...read.type, array: false, pointers: read.type.pointers + 1 } : read.type;
      if (type.base === "void" && type.pointers === 0) continue;
      parameters.push({
        place: read.name === "" ? `(${parameters.length})` : read.name,
        name: read.name,
        type,
        storage: "parameter",
        index: parameters.length,
        from: tree.start(definition),
        to: end,
      });
    }
    this.parameters = parameters;
    for (const p of parameters) this.add(p);
    if (body === NONE) return;
    for (const node of tree.descendants(body, "declaration", "for_range_loop")) {
      const block = tree.enclosing(
        tree.parent(node),
        "compound_statement",
        "for_statement",
        "for_range_loop",
        "lambda_expression",
      );
      const declared =
        tree.kind(node) === "declaration"
          ? readDeclaration(tree, node)
          : [readDeclarator(tree, node, tree.field(node, "declarator"))];
      for (const d of declared) {
        if (d.isFunction && d.type.pointers === 0) continue;
        this.add({
          place: d.name,
          name: d.name,
          type: d.type,
          storage: hasStorage(tree, node, "static") || hasStorage(tree, node, "extern") ? "static" : "local",
          index: -1,
          from: d.nameNode === NONE ? tree.start(node) : tree.start(d.nameNode),
          to: block === NONE ? end : tree.end(block),
        });
      }
    }
  }

  private add(variable: Variable): void {
    const others = this.byName.get(variable.name);
    if (others === undefined) this.byName.set(variable.name, [variable]);
    else {
      // Branches of an `#if` declare the same variable, each in its own way.
      const twin = others.find((o) => o.to === variable.to && o.storage === variable.storage && variable.index < 0);
      others.push({ ...variable, place: twin?.place ?? `${variable.name}@${variable.from}` });
    }
  }

  /** The variable that a name means at an offset; undefined for globals, functions and macros. */
  resolve(name: string, at: number): Variable | undefined {
    let best: Variable | undefined;
    for (const variable of this.byName.get(name) ?? []) {
      if (variable.from <= at && at < variable.to && (best === undefined || variable.from > best.from)) best = variable;
    }
    return best;
  }

  all(): Variable[] {
    return [...this.byName.values()].flat();
  }
}
