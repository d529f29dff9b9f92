import { parser } from "@lezer/python";
import type { Span } from "../syntax/source.ts";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

/** A Python expression. What build scripts never need is `other`, which keeps its sub-expressions. */
export type PyExpression =
  | PyName
  | PyString
  | PyFormatString
  | PyNumber
  | PyConstant
  | PySequence
  | PyDict
  | PyCall
  | PyAttribute
  | PySubscript
  | PyBinary
  | PyConditional
  | PyComprehension
  | PyStarred
  | PyOther;

interface PyName {
  readonly kind: "name";
  readonly span: Span;
  readonly name: string;
}

/** A constant string, adjacent literals joined and escapes resolved. */
interface PyString {
  readonly kind: "string";
  readonly span: Span;
  readonly value: string;
}

interface PyFormatString {
  readonly kind: "format-string";
  readonly span: Span;
  readonly parts: readonly (string | PyExpression)[];
}

interface PyNumber {
  readonly kind: "number";
  readonly span: Span;
  readonly text: string;
}

interface PyConstant {
  readonly kind: "constant";
  readonly span: Span;
  readonly value: boolean | null;
}

interface PySequence {
  readonly kind: "list" | "tuple" | "set";
  readonly span: Span;
  readonly elements: readonly PyExpression[];
}

export interface PyDict {
  readonly kind: "dict";
  readonly span: Span;
  /** A null key is `**value`. */
  readonly entries: readonly { readonly key: PyExpression | null; readonly value: PyExpression }[];
}

export interface PyArgument {
  readonly span: Span;
  readonly form: "positional" | "keyword" | "star" | "double-star";
  /** Keyword, else an empty string. */
  readonly name: string;
  /** Span of the keyword; empty where there is none. */
  readonly nameSpan: Span;
  readonly value: PyExpression;
}

export interface PyCall {
  readonly kind: "call";
  readonly span: Span;
  readonly callee: PyExpression;
  readonly arguments: readonly PyArgument[];
  /** The parentheses and what is between them. */
  readonly argumentsSpan: Span;
}

interface PyAttribute {
  readonly kind: "attribute";
  readonly span: Span;
  readonly object: PyExpression;
  readonly name: string;
  readonly nameSpan: Span;
}

interface PySubscript {
  readonly kind: "subscript";
  readonly span: Span;
  readonly object: PyExpression;
  /** Null for a slice. */
  readonly index: PyExpression | null;
}

/** A binary operation or comparison; `op` is the operator with one space between words (`not in`). */
interface PyBinary {
  readonly kind: "binary";
  readonly span: Span;
  readonly op: string;
  readonly left: PyExpression;
  readonly right: PyExpression;
}

interface PyConditional {
  readonly kind: "conditional";
  readonly span: Span;
  readonly test: PyExpression;
  readonly whenTrue: PyExpression;
  readonly whenFalse: PyExpression;
}

export interface PyComprehension {
  readonly kind: "comprehension";
  readonly span: Span;
  readonly of: "list" | "set" | "generator" | "dict";
  /** The element; for a dictionary its value, and `key` is its key. */
  readonly element: PyExpression;
  readonly key: PyExpression | null;
  readonly clauses: readonly (
    | { readonly kind: "for"; readonly target: PyExpression; readonly iterable: PyExpression }
    | { readonly kind: "if"; readonly test: PyExpression }
  )[];
}

interface PyStarred {
  readonly kind: "starred";
  readonly span: Span;
  readonly value: PyExpression;
}

interface PyOther {
  readonly kind: "other";
  readonly span: Span;
  /** Name of the grammar's node: `UnaryExpression`, `LambdaExpression`, ... */
  readonly node: string;
  readonly children: readonly PyExpression[];
}

interface PyParameter {
  readonly name: string;
  readonly form: "plain" | "keyword-only" | "star" | "double-star";
  readonly default: PyExpression | null;
}

interface PyImportedName {
  /** The imported name; dotted in `import a.b`. */
  readonly name: string;
  readonly alias: string | null;
}

export type PyStatement =
  | { readonly kind: "expression"; readonly span: Span; readonly value: PyExpression }
  | {
      readonly kind: "assign";
      readonly span: Span;
      readonly targets: readonly PyExpression[];
      readonly value: PyExpression;
    }
  | {
      readonly kind: "update";
      readonly span: Span;
      readonly op: string;
      readonly target: PyExpression;
      readonly value: PyExpression;
    }
  | { readonly kind: "return"; readonly span: Span; readonly value: PyExpression | null }
  | PyImport
  | {
      readonly kind: "if";
      readonly span: Span;
      readonly branches: readonly { readonly test: PyExpression; readonly body: readonly PyStatement[] }[];
      readonly otherwise: readonly PyStatement[];
    }
  | {
      readonly kind: "for";
      readonly span: Span;
      readonly target: PyExpression;
      readonly iterable: PyExpression;
      readonly body: readonly PyStatement[];
    }
  | {
      /** `while`, `with`, `try`, `match`: the bodies in order, and the expressions of the heads. */
      readonly kind: "block";
      readonly span: Span;
      readonly node: string;
      readonly expressions: readonly PyExpression[];
      readonly bodies: readonly (readonly PyStatement[])[];
      /** Which of the bodies is an `except` clause. */
      readonly handlers: readonly boolean[];
    }
  | PyFunction
  | PyClass
  | {
      readonly kind: "other";
      readonly span: Span;
      readonly node: string;
      readonly expressions: readonly PyExpression[];
    };

export interface PyImport {
  readonly kind: "import";
  readonly span: Span;
  /** The module of `from module import ...` with its leading dots; null for a plain `import`. */
  readonly module: string | null;
  /** Span of the module name; of the first imported name for a plain `import`. */
  readonly moduleSpan: Span;
  readonly names: readonly PyImportedName[];
}

export interface PyFunction {
  readonly kind: "function";
  readonly span: Span;
  readonly name: string;
  readonly parameters: readonly PyParameter[];
  readonly body: readonly PyStatement[];
}

export interface PyClass {
  readonly kind: "class";
  readonly span: Span;
  readonly name: string;
  readonly bases: readonly PyExpression[];
  readonly body: readonly PyStatement[];
}

export interface PyModule {
  readonly body: readonly PyStatement[];
  /** Where the grammar found no Python. */
  readonly errors: readonly Span[];
}

/** Parses Python source with an error-tolerant parser; `text` is latin-1, offsets are byte offsets. */
export function parsePython(text: string): PyModule {
  const errors: Span[] = [];
  const tree = parser.parse(text);
  tree.iterate({
    enter: (node) => {
      // The grammar has no `yield` without a value, and recovers from it without harm.
      const bareYield = node.from === node.to && node.node.parent?.name.startsWith("Yield") === true;
      if (node.type.isError && !bareYield) errors.push({ start: node.from, end: node.to });
    },
  });
  return { body: new Adapter(text).statements(tree.topNode), errors };
}

const EXPRESSION_NODES: ReadonlySet<string> = new Set([
  "VariableName",
  "String",
  "FormatString",
  "ContinuedString",
  "Number",
  "Boolean",
  "None",
  "Ellipsis",
  "ArrayExpression",
  "TupleExpression",
  "SetExpression",
  "DictionaryExpression",
  "ParenthesizedExpression",
  "ComprehensionExpression",
  "ArrayComprehensionExpression",
  "SetComprehensionExpression",
  "DictionaryComprehensionExpression",
  "CallExpression",
  "MemberExpression",
  "BinaryExpression",
  "UnaryExpression",
  "ConditionalExpression",
  "LambdaExpression",
  "AwaitExpression",
  "YieldExpression",
  "NamedExpression",
]);

class Adapter {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  statements(parent: SyntaxNode): PyStatement[] {
    const result: PyStatement[] = [];
    for (const child of childrenOf(parent)) {
      if (child.name === "StatementGroup") result.push(...this.statements(child));
      else if (child.type.isError || child.name === "Comment" || child.name === ":" || child.name === ";") continue;
      else result.push(this.#statement(child));
    }
    return result;
  }

  #statement(node: SyntaxNode): PyStatement {
    const span = spanOf(node);
    const children = childrenOf(node);
    switch (node.name) {
      case "ExpressionStatement":
        return { kind: "expression", span, value: this.#sequence(children, span) };
      case "AssignStatement": {
        const groups = splitAt(children, (child) => child.name === "AssignOp");
        const parts = groups.map((group) =>
          this.#sequence(
            group.filter((child) => child.name !== "TypeDef"),
            groupSpan(group, span),
          ),
        );
        const value = parts.at(-1);
        if (value === undefined || parts.length < 2) {
          return { kind: "other", span, node: node.name, expressions: parts };
        }
        return { kind: "assign", span, targets: parts.slice(0, -1), value };
      }
      case "UpdateStatement": {
        const at = children.findIndex((child) => child.name === "UpdateOp");
        const op = children[at];
        if (op === undefined) return { kind: "other", span, node: node.name, expressions: [] };
        return {
          kind: "update",
          span,
          op: this.#slice(op),
          target: this.#sequence(children.slice(0, at), span),
          value: this.#sequence(children.slice(at + 1), span),
        };
      }
      case "ReturnStatement": {
        const rest = children.slice(1);
        return { kind: "return", span, value: rest.length === 0 ? null : this.#sequence(rest, groupSpan(rest, span)) };
      }
      case "ImportStatement":
        return this.#import(children, span);
      case "IfStatement":
        return this.#if(children, span);
      case "ForStatement": {
        const bodies = children.filter((child) => child.name === "Body");
        const forAt = children.findIndex((child) => child.name === "for");
        const inAt = children.findIndex((child) => child.name === "in");
        const bodyAt = children.findIndex((child) => child.name === "Body");
        const head = children.slice(forAt + 1, inAt);
        const iterable = children.slice(inAt + 1, bodyAt);
        return {
          kind: "for",
          span,
          target: this.#sequence(head, groupSpan(head, span)),
          iterable: this.#sequence(iterable, groupSpan(iterable, span)),
          body: bodies.flatMap((body) => this.statements(body)),
        };
      }
      case "TryStatement":
      case "WhileStatement":
      case "WithStatement":
      case "MatchStatement":
        return this.#block(node, children, span);
      case "FunctionDefinition":
        return {
          kind: "function",
          span,
          name: this.#childText(node, "VariableName"),
          parameters: this.#parameters(node.getChild("ParamList")),
          body: this.#bodyOf(node),
        };
      case "ClassDefinition":
        return {
          kind: "class",
          span,
          name: this.#childText(node, "VariableName"),
          bases: this.#arguments(node.getChild("ArgList"))
            .filter((argument) => argument.form === "positional")
            .map((argument) => argument.value),
          body: this.#bodyOf(node),
        };
      case "DecoratedStatement": {
        const inner = node.getChild("FunctionDefinition") ?? node.getChild("ClassDefinition");
        return inner === null ? { kind: "other", span, node: node.name, expressions: [] } : this.#statement(inner);
      }
      default:
        return { kind: "other", span, node: node.name, expressions: this.#expressionsIn(children) };
    }
  }

  #bodyOf(node: SyntaxNode): PyStatement[] {
    const body = node.getChild("Body");
    return body === null ? [] : this.statements(body);
  }

  #if(children: readonly SyntaxNode[], span: Span): PyStatement {
    const branches: { test: PyExpression; body: PyStatement[] }[] = [];
    let otherwise: PyStatement[] = [];
    let test: PyExpression | null = null;
    for (const child of children) {
      if (child.name === "Body") {
        if (test === null) otherwise = this.statements(child);
        else branches.push({ test, body: this.statements(child) });
        test = null;
      } else if (isExpression(child)) test = this.expression(child);
    }
    return { kind: "if", span, branches, otherwise };
  }

  #block(node: SyntaxNode, children: readonly SyntaxNode[], span: Span): PyStatement {
    const bodies: PyStatement[][] = [];
    const handlers: boolean[] = [];
    const expressions: PyExpression[] = [];
    let inHandler = false;
    for (const child of children) {
      if (child.name === "except") inHandler = true;
      else if (child.name === "else" || child.name === "finally") inHandler = false;
      else if (child.name === "Body") {
        bodies.push(this.statements(child));
        handlers.push(inHandler);
      } else if (child.name === "MatchBody") {
        for (const clause of child.getChildren("MatchClause")) {
          bodies.push(this.#bodyOf(clause));
          handlers.push(false);
        }
      } else if (isExpression(child)) expressions.push(this.expression(child));
    }
    return { kind: "block", span, node: node.name, expressions, bodies, handlers };
  }

  #import(children: readonly SyntaxNode[], span: Span): PyImport {
    const fromAt = children.findIndex((child) => child.name === "from");
    const importAt = children.findIndex((child) => child.name === "import");
    const imported = children.slice(importAt + 1).filter((child) => child.name !== "(" && child.name !== ")");
    const names = splitAt(imported, (child) => child.name === ",")
      .filter((group) => group.length > 0)
      .map((group) => {
        const asAt = group.findIndex((child) => child.name === "as");
        const nameNodes = asAt < 0 ? group : group.slice(0, asAt);
        const alias = asAt < 0 ? undefined : group[asAt + 1];
        return {
          name: nameNodes.map((child) => this.#slice(child)).join(""),
          alias: alias === undefined ? null : this.#slice(alias),
        };
      });
    const moduleNodes = fromAt < 0 ? [] : children.slice(fromAt + 1, importAt);
    const firstEnd = imported.findIndex((child) => child.name === "as" || child.name === ",");
    const firstName = imported.slice(0, firstEnd < 0 ? imported.length : firstEnd);
    const moduleSpan = groupSpan(fromAt < 0 ? firstName : moduleNodes, span);
    const module = fromAt < 0 ? null : moduleNodes.map((child) => this.#slice(child)).join("");
    return { kind: "import", span, module, moduleSpan, names };
  }

  #parameters(list: SyntaxNode | null): PyParameter[] {
    if (list === null) return [];
    const children = childrenOf(list).filter((child) => child.name !== "(" && child.name !== ")");
    const result: PyParameter[] = [];
    let plain: "plain" | "keyword-only" = "plain";
    for (const group of splitAt(children, (child) => child.name === ",")) {
      const stars = group.find((child) => child.name === "*" || child.name === "**")?.name;
      if (stars === "*") plain = "keyword-only";
      const name = group.find((child) => child.name === "VariableName");
      if (name === undefined) continue;
      const equalAt = group.findIndex((child) => child.name === "AssignOp");
      const value = equalAt < 0 ? undefined : group[equalAt + 1];
      result.push({
        name: this.#slice(name),
        form: stars === "*" ? "star" : stars === "**" ? "double-star" : plain,
        default: value === undefined ? null : this.expression(value),
      });
    }
    return result;
  }

  #arguments(list: SyntaxNode | null): PyArgument[] {
    if (list === null) return [];
    const children = childrenOf(list).slice(1, -1);
    const result: PyArgument[] = [];
    for (const group of splitAt(children, (child) => child.name === ",")) {
      const [first, second, third] = group;
      if (first === undefined) continue;
      const span = groupSpan(group, spanOf(list));
      const none = { start: span.start, end: span.start };
      if ((first.name === "*" || first.name === "**") && second !== undefined) {
        const form = first.name === "*" ? "star" : "double-star";
        result.push({ span, form, name: "", nameSpan: none, value: this.expression(second) });
      } else if (second?.name === "AssignOp" && third !== undefined) {
        result.push({
          span,
          form: "keyword",
          name: this.#slice(first),
          nameSpan: spanOf(first),
          value: this.expression(third),
        });
      } else if (group.some((child) => child.name === "for")) {
        result.push({
          span,
          form: "positional",
          name: "",
          nameSpan: none,
          value: this.#comprehension(group, span, "generator"),
        });
      } else result.push({ span, form: "positional", name: "", nameSpan: none, value: this.expression(first) });
    }
    return result;
  }

  /** Several nodes of which commas make a tuple; one node alone is itself. */
  #sequence(nodes: readonly SyntaxNode[], span: Span): PyExpression {
    const elements = this.#elements(nodes);
    const [only] = elements;
    if (only !== undefined && elements.length === 1 && !nodes.some((node) => node.name === ",")) return only;
    return { kind: "tuple", span, elements };
  }

  #elements(nodes: readonly SyntaxNode[]): PyExpression[] {
    const result: PyExpression[] = [];
    for (const group of splitAt(nodes, (node) => node.name === ",")) {
      const [first, second] = group;
      if (first?.name === "*" && second !== undefined) {
        result.push({ kind: "starred", span: groupSpan(group, spanOf(first)), value: this.expression(second) });
      } else {
        const node = group.find(isExpression);
        if (node !== undefined) result.push(this.expression(node));
      }
    }
    return result;
  }

  #expressionsIn(nodes: readonly SyntaxNode[]): PyExpression[] {
    return nodes.filter(isExpression).map((node) => this.expression(node));
  }

  expression(node: SyntaxNode): PyExpression {
    const span = spanOf(node);
    const children = childrenOf(node);
    switch (node.name) {
      case "VariableName":
        return { kind: "name", span, name: this.#slice(node) };
      case "Number":
        return { kind: "number", span, text: this.#slice(node) };
      case "Boolean":
        return { kind: "constant", span, value: this.#slice(node) === "True" };
      case "None":
        return { kind: "constant", span, value: null };
      case "String":
        return { kind: "string", span, value: decodeStringLiteral(this.#slice(node)) };
      case "FormatString":
      case "ContinuedString":
        return joinStrings(this.#stringParts(node), span);
      case "ArrayExpression":
        return { kind: "list", span, elements: this.#elements(children.slice(1, -1)) };
      case "SetExpression":
        return { kind: "set", span, elements: this.#elements(children.slice(1, -1)) };
      case "TupleExpression":
        return { kind: "tuple", span, elements: this.#elements(children.slice(1, -1)) };
      case "ParenthesizedExpression": {
        const inner = children.find(isExpression);
        return inner === undefined ? { kind: "tuple", span, elements: [] } : this.expression(inner);
      }
      case "DictionaryExpression":
        return { kind: "dict", span, entries: this.#dictEntries(children.slice(1, -1)) };
      case "ArrayComprehensionExpression":
        return this.#comprehension(children.slice(1, -1), span, "list");
      case "SetComprehensionExpression":
        return this.#comprehension(children.slice(1, -1), span, "set");
      case "ComprehensionExpression":
        return this.#comprehension(children.slice(1, -1), span, "generator");
      case "DictionaryComprehensionExpression":
        return this.#comprehension(children.slice(1, -1), span, "dict");
      case "CallExpression": {
        const callee = children.find(isExpression);
        const list = node.getChild("ArgList");
        if (callee === undefined || list === null) break;
        return {
          kind: "call",
          span,
          callee: this.expression(callee),
          arguments: this.#arguments(list),
          argumentsSpan: spanOf(list),
        };
      }
      case "MemberExpression":
        return this.#member(children, span);
      case "BinaryExpression": {
        const [left] = children;
        const right = children.at(-1);
        if (left === undefined || right === undefined || children.length < 3) break;
        const op = children
          .slice(1, -1)
          .map((child) => this.#slice(child))
          .join(" ");
        return { kind: "binary", span, op, left: this.expression(left), right: this.expression(right) };
      }
      case "ConditionalExpression": {
        const [whenTrue, test, whenFalse] = children.filter(isExpression);
        if (whenTrue === undefined || test === undefined || whenFalse === undefined) break;
        return {
          kind: "conditional",
          span,
          whenTrue: this.expression(whenTrue),
          test: this.expression(test),
          whenFalse: this.expression(whenFalse),
        };
      }
    }
    return { kind: "other", span, node: node.name, children: this.#expressionsIn(children) };
  }

  #member(children: readonly SyntaxNode[], span: Span): PyExpression {
    const [object] = children;
    if (object === undefined) return { kind: "other", span, node: "MemberExpression", children: [] };
    const property = children.find((child) => child.name === "PropertyName");
    if (property !== undefined) {
      const name = this.#slice(property);
      return { kind: "attribute", span, object: this.expression(object), name, nameSpan: spanOf(property) };
    }
    const inside = children.slice(2, -1);
    const slice = inside.some((child) => child.name === ":");
    const index = slice || inside.length === 0 ? null : this.#sequence(inside, groupSpan(inside, span));
    return { kind: "subscript", span, object: this.expression(object), index };
  }

  #dictEntries(nodes: readonly SyntaxNode[]): { key: PyExpression | null; value: PyExpression }[] {
    const result: { key: PyExpression | null; value: PyExpression }[] = [];
    for (const group of splitAt(nodes, (node) => node.name === ",")) {
      const expressions = group.filter(isExpression);
      const [first, second] = expressions;
      if (first === undefined) continue;
      if (group[0]?.name === "**") result.push({ key: null, value: this.expression(first) });
      else if (second !== undefined) result.push({ key: this.expression(first), value: this.expression(second) });
    }
    return result;
  }

  #comprehension(nodes: readonly SyntaxNode[], span: Span, of: PyComprehension["of"]): PyExpression {
    const firstFor = nodes.findIndex((node) => node.name === "for");
    const head = nodes.slice(0, firstFor).filter(isExpression);
    const element = head.at(-1);
    if (firstFor < 0 || element === undefined) {
      return { kind: "other", span, node: "ComprehensionExpression", children: this.#expressionsIn(nodes) };
    }
    const clauses: PyComprehension["clauses"][number][] = [];
    let index = firstFor;
    while (index < nodes.length) {
      const end = nodes.findIndex((node, at) => at > index && (node.name === "for" || node.name === "if"));
      const group = nodes.slice(index + 1, end < 0 ? nodes.length : end);
      if (nodes[index]?.name === "for") {
        const inAt = group.findIndex((node) => node.name === "in");
        const target = group.slice(0, inAt);
        const iterable = group.slice(inAt + 1).find(isExpression);
        if (iterable !== undefined) {
          clauses.push({
            kind: "for",
            target: this.#sequence(target, groupSpan(target, span)),
            iterable: this.expression(iterable),
          });
        }
      } else {
        const test = group.find(isExpression);
        if (test !== undefined) clauses.push({ kind: "if", test: this.expression(test) });
      }
      index = end < 0 ? nodes.length : end;
    }
    const [first] = head;
    const key = of === "dict" && first !== undefined && head.length > 1 ? this.expression(first) : null;
    return { kind: "comprehension", span, of, element: this.expression(element), key, clauses };
  }

  #stringParts(node: SyntaxNode): (string | PyExpression)[] {
    if (node.name === "String") return [decodeStringLiteral(this.#slice(node))];
    const children = childrenOf(node);
    if (node.name === "ContinuedString") return children.flatMap((child) => this.#stringParts(child));
    const literal = literalShape(this.#slice(node));
    const decode = (from: number, to: number): string => {
      const raw = this.#text.slice(from, to).replaceAll("{{", "{").replaceAll("}}", "}");
      return literal.raw ? raw : resolveEscapes(raw);
    };
    const parts: (string | PyExpression)[] = [];
    let at = node.from + literal.open;
    for (const child of children) {
      if (child.name !== "FormatReplacement") continue;
      parts.push(decode(at, child.from));
      const inner = childrenOf(child).find(isExpression);
      if (inner !== undefined) parts.push(this.expression(inner));
      at = child.to;
    }
    parts.push(decode(at, node.to - literal.close));
    return parts;
  }

  #slice(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to);
  }

  #childText(node: SyntaxNode, name: string): string {
    const child = node.getChild(name);
    return child === null ? "" : this.#slice(child);
  }
}

function joinStrings(parts: readonly (string | PyExpression)[], span: Span): PyExpression {
  if (parts.every((part) => typeof part === "string")) return { kind: "string", span, value: parts.join("") };
  return { kind: "format-string", span, parts };
}

/** Value of one string literal, given with its prefix and quotes. */
function decodeStringLiteral(literal: string): string {
  const shape = literalShape(literal);
  const content = literal.slice(shape.open, literal.length - shape.close);
  return shape.raw ? content : resolveEscapes(content);
}

function literalShape(literal: string): { raw: boolean; open: number; close: number } {
  let prefix = 0;
  while (prefix < literal.length && literal[prefix] !== '"' && literal[prefix] !== "'") prefix++;
  const quote = literal[prefix] ?? '"';
  const width = literal.startsWith(quote.repeat(3), prefix) ? 3 : 1;
  return { raw: literal.slice(0, prefix).toLowerCase().includes("r"), open: prefix + width, close: width };
}

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["\n", ""],
]);

function resolveEscapes(content: string): string {
  let result = "";
  for (let at = 0; at < content.length; at++) {
    const character = content[at] ?? "";
    const next = content[at + 1];
    if (character !== "\\" || next === undefined) {
      result += character;
      continue;
    }
    at++;
    // Numeric escapes never name a file or a module, so they stay as written.
    result += SIMPLE_ESCAPES.get(next) ?? `\\${next}`;
  }
  return result;
}

function isExpression(node: SyntaxNode): boolean {
  return EXPRESSION_NODES.has(node.name);
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const result: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "Comment") result.push(child);
  }
  return result;
}

function spanOf(node: SyntaxNode): Span {
  return { start: node.from, end: node.to };
}

function groupSpan(nodes: readonly SyntaxNode[], fallback: Span): Span {
  const first = nodes[0];
  const last = nodes.at(-1);
  return first === undefined || last === undefined ? fallback : { start: first.from, end: last.to };
}

function splitAt(nodes: readonly SyntaxNode[], separates: (node: SyntaxNode) => boolean): SyntaxNode[][] {
  const groups: SyntaxNode[][] = [[]];
  for (const node of nodes) {
    if (separates(node)) groups.push([]);
    else groups.at(-1)?.push(node);
  }
  return groups;
}
