/**
 * What of C++ the ownership analysis follows: the part that means in C++ what it means in C. It knows no destructor that
 * could release an object, no exception, no overload, no reference and no template, so a function with one of these is
 * refused here, with a reason of its own, before it is analysed.
 */

import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { type CType, isObjectPointer, readDeclarator, readDeclarators } from "../model/declarations.ts";
import { type CFunction, type Project, resolveFunction, shareUnit } from "../model/project.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

import { Refused } from "./typing.ts";

/** Constructs that are refused wherever they stand in a function: the refusal, and the end of the sentence. */
const REFUSED_KINDS: ReadonlyMap<string, { readonly id: string; readonly what: string }> = new Map(
  [
    {
      id: "cplusplus-exception",
      kinds: ["try_statement", "throw_statement", "catch_clause"],
      what: "handles exceptions",
    },
    { id: "cplusplus-class", kinds: ["new_expression", "delete_expression"], what: "makes or destroys objects of C++" },
    { id: "cplusplus-class", kinds: ["class_specifier"], what: "defines a class" },
    { id: "cplusplus-class", kinds: ["this", "operator_name", "destructor_name"], what: "uses members of a class" },
    { id: "cplusplus-reference", kinds: ["structured_binding_declarator"], what: "binds names to parts of a value" },
    { id: "cplusplus-call", kinds: ["optional_parameter_declaration"], what: "has default arguments" },
    { id: "cplusplus-call", kinds: ["fold_expression", "parameter_pack_expansion"], what: "expands a parameter pack" },
    { id: "cplusplus-exception", kinds: ["co_await_expression", "co_yield_statement"], what: "is a coroutine" },
    { id: "cplusplus-exception", kinds: ["co_return_statement"], what: "is a coroutine" },
  ].flatMap(({ id, kinds, what }) => kinds.map((kind) => [kind, { id, what }] as const)),
);

/** Words that make a macro one of those that the function must not use. */
const HIDDEN_WORDS: ReadonlySet<string> = new Set([
  "auto",
  "catch",
  "co_await",
  "delete",
  "new",
  "this",
  "throw",
  "try",
]);

/** Types of the C++ library whose values hold no object and whose destructors release none. */
const HARMLESS_CLASSES: ReadonlySet<string> = new Set(["std :: string", "std :: wstring"]);

/** Types of the C and the Python API that are no classes. */
const PLAIN_NAMES: ReadonlySet<string> = new Set(
  `bool char short int long float double void signed unsigned wchar_t char16_t char32_t FILE va_list time_t tm
  Py_buffer Py_complex Py_UCS1 Py_UCS2 Py_UCS4 Py_UNICODE PyObject PyTypeObject PyGILState_STATE`.split(/\s+/),
);

/** Functions of the C library, which throw nothing and take nothing by reference. */
const C_LIBRARY: ReadonlySet<string> = new Set(
  `abs acos asin atan atan2 atof atoi atol ceil cos exp fabs fclose fflush floor fmod fopen fprintf fputs free fseek fwrite
  getenv hypot isalnum isalpha isdigit isfinite isinf islower isnan isspace isupper labs ldexp log log10 log2 malloc calloc
  memchr memcmp memcpy memmove memset modf pow printf putchar puts rand realloc round sin snprintf sprintf sqrt srand
  strcasecmp strchr strcmp strcpy strlen strncasecmp strncmp strncpy strrchr strstr strtod strtol strtoul tan time
  tolower toupper trunc assert`.split(/\s+/),
);

/** Throws {@link Refused} for a C++ function with something in it that C does not have and the analysis does not follow. */
export function refuseBeyondC(project: Project, fn: CFunction): void {
  const { file } = fn;
  if (file.language !== "cpp") return;
  const { tree } = file;
  const refuse = (id: string, n: Node, message: string): never => {
    throw new Refused(id, { start: tree.start(n), end: tree.end(n) }, message);
  };
  const prototypes = (project.prototypes.get(fn.name) ?? []).filter((p) => shareUnit(project, p.file, file));
  if (hasOwnLinkage(tree, fn.node) || prototypes.some((p) => hasOwnLinkage(p.file.tree, p.declaration)))
    refuse("cplusplus-linkage", fn.declarator.node, 'It is declared with `extern "C"` of its own.');
  for (const n of tree.descendants(fn.declarator.node, "noexcept", "throw_specifier"))
    refuse("cplusplus-linkage", n, "It is declared with an exception specification, which HPy's macros do not repeat.");
  for (let n = fn.node; n < tree.next(fn.node); n++) {
    const kind = tree.kind(n);
    const refused = REFUSED_KINDS.get(kind);
    if (refused !== undefined) refuse(refused.id, n, `The function ${refused.what}.`);
    switch (kind) {
      case "identifier":
        if (hidesExceptions(project, tree.source(n)))
          refuse(
            "cplusplus-exception",
            n,
            `The macro \`${tree.source(n)}\` makes objects of C++ or handles exceptions.`,
          );
        break;
      case "lambda_expression":
        refuse("cplusplus-lambda", n, "The function has a lambda expression.");
        break;
      case "placeholder_type_specifier":
      case "decltype":
        refuse("cplusplus-auto", n, "The function leaves a type to the compiler.");
        break;
      case "reference_declarator":
      case "abstract_reference_declarator":
        if (!isPlainReference(tree, n, fn))
          refuse(
            "cplusplus-reference",
            n,
            "A reference of C++ is another name for a variable, which may hold an object.",
          );
        break;
      case "condition_clause":
        if (tree.named(n).some((c) => tree.kind(c) === "declaration" || tree.kind(c) === "init_statement"))
          refuse("cplusplus-declaration-in-condition", n, "A variable is declared in a condition.");
        break;
      case "struct_specifier":
      case "union_specifier":
        if (tree.field(n, "body") !== NONE) refuse("cplusplus-class", n, "The function defines a class.");
        break;
      case "for_range_loop":
        checkRangeLoop(project, fn, n, refuse);
        break;
      case "declaration":
        checkDeclaration(project, fn, n, refuse);
        break;
      case "qualified_identifier":
        checkQualified(project, tree, n, refuse);
        break;
      case "call_expression":
        checkCall(project, fn, n, refuse);
        break;
      default:
    }
  }
}

/** Whether a macro of the project expands to code with one of the words that the function itself must not have. */
function hidesExceptions(project: Project, name: string): boolean {
  return (project.knowledge.definitions.get(name) ?? []).some(({ body }) => {
    const tokens = lex(body, "piece");
    for (let t = 0; t < tokens.count; t++)
      if (tokens.kind[t] === TokenKind.identifier && HIDDEN_WORDS.has(tokenText(tokens, t))) return true;
    return false;
  });
}

/** Whether `extern "C"` stands right before a declaration, not around a block of them. */
export function hasOwnLinkage(tree: Tree, declaration: Node): boolean {
  return tree.kind(tree.parent(declaration)) === "linkage_specification";
}

type Refuse = (id: string, n: Node, message: string) => never;

/** A parameter that is a reference to a number or a class, not to a pointer. */
function isPlainReference(tree: Tree, n: Node, fn: CFunction): boolean {
  const holder = tree.parent(n);
  if (tree.kind(holder) !== "parameter_declaration" || tree.enclosing(holder, "compound_statement") >= fn.node)
    return false;
  const list = tree.parent(holder);
  return list === fn.declarator.parameters && !tree.source(holder).includes("PyObject");
}

function checkDeclaration(project: Project, fn: CFunction, n: Node, refuse: Refuse): void {
  const { tree } = fn.file;
  const isStatic = tree.children(n).some((c) => tree.source(c) === "static");
  for (const declarator of tree.fields(n, "declarator")) {
    const value = tree.kind(declarator) === "init_declarator" ? tree.field(declarator, "value") : NONE;
    if (isStatic && value !== NONE && [...tree.descendants(value, "call_expression")].length > 0)
      refuse("cplusplus-static-local", n, "A static variable is initialised by a call the first time.");
    const isDirect = value !== NONE && ["argument_list", "initializer_list"].includes(tree.kind(value));
    const isSole = isDirect && tree.named(value).length === 1;
    if (isSole && pointerDeclarators(tree, declarator).next().done !== true)
      refuse("cplusplus-direct-initialisation", declarator, "A pointer is initialised in parentheses or braces.");
    if (isDirect && tree.kind(value) === "argument_list")
      for (const call of tree.descendants(value, "call_expression"))
        if (reachesApi(project, fn, call))
          refuse("cplusplus-direct-initialisation", declarator, "A variable is initialised in parentheses by a call.");
  }
  const type = tree.field(n, "type");
  const declarators = tree.fields(n, "declarator");
  if (type === NONE || declarators.length === 0 || tree.kind(type) === "placeholder_type_specifier") return;
  const isPointer = declarators.every((d) => [...pointerDeclarators(tree, d)].length > 0);
  if (isPointer || isPlainType(project, fn.file, type)) return;
  if (isHarmlessClass(tree, type)) return;
  refuse(
    "cplusplus-class",
    n,
    `Nothing is known about what \`${tree.source(type)}\` holds and what its destructor does.`,
  );
}

/** A loop over values that hold no objects, by a variable whose name means nothing else in the function. */
function checkRangeLoop(project: Project, fn: CFunction, n: Node, refuse: Refuse): void {
  const { tree } = fn.file;
  const declarator = tree.field(n, "declarator");
  const right = tree.field(n, "right");
  const type = tree.field(n, "type");
  const isPlain =
    declarator !== NONE &&
    type !== NONE &&
    tree.kind(declarator) === "identifier" &&
    isPlainType(project, fn.file, type);
  const isOverClass = right !== NONE && tree.kind(right) === "identifier" && classLocals(fn).has(tree.source(right));
  if (!isPlain || !isOverClass)
    refuse("cplusplus-range-loop", n, "A loop over a range of C++ calls functions of which nothing is known.");
  const name = tree.source(declarator);
  const isTaken =
    project.globals.has(name) ||
    fn.parameters.some((p) => p.name === name) ||
    [...tree.descendants(fn.body, "declaration")].some((d) => readDeclarators(tree, d).some((l) => l.name === name));
  if (isTaken)
    refuse("cplusplus-range-loop", declarator, `\`${name}\` is also the name of another variable of the function.`);
}

function reachesApi(project: Project, fn: CFunction, call: Node): boolean {
  const { tree } = fn.file;
  const name = tree.source(tree.field(call, "function"));
  if (C_LIBRARY.has(name)) return false;
  const isNamed = tree.kind(tree.field(call, "function")) === "identifier";
  return (
    isNamed &&
    (CAPI_FUNCTIONS.has(name) ||
      /^_?Py/.test(name) ||
      project.knowledge.definitions.has(name) ||
      project.functions.has(name))
  );
}

function* pointerDeclarators(tree: Tree, declarator: Node): Generator<Node> {
  let at = declarator;
  if (tree.kind(at) === "init_declarator") at = tree.field(at, "declarator");
  if (tree.kind(at) === "pointer_declarator") yield at;
}

/** Whether values of a type have neither constructor nor destructor. */
function isPlainType(project: Project, file: ParsedFile, type: Node): boolean {
  const { tree } = file;
  switch (tree.kind(type)) {
    case "primitive_type":
    case "sized_type_specifier":
    case "enum_specifier":
      return true;
    case "type_identifier":
    case "struct_specifier":
    case "union_specifier": {
      const name = tree.kind(type) === "type_identifier" ? type : tree.field(type, "name");
      if (name === NONE) return false;
      const word = tree.source(name);
      return PLAIN_NAMES.has(word) || word.startsWith("Py_") || word.endsWith("_t") || plainTypes(project).has(word);
    }
    case "qualified_identifier": {
      const word = tree.source(type);
      return word.startsWith("std::") && word.endsWith("_t");
    }
    default:
      return false;
  }
}

/** `std::string`, and vectors of numbers. */
function isHarmlessClass(tree: Tree, type: Node): boolean {
  const text = tree
    .source(type)
    .split("::")
    .map((part) => part.trim())
    .join(" :: ");
  if (HARMLESS_CLASSES.has(text)) return true;
  const template = [...tree.descendants(type, "template_type")];
  const [only] = template;
  if (only === undefined || template.length > 1 || !text.startsWith("std :: vector")) return false;
  const list = tree.field(only, "arguments");
  return tree.named(list).every((argument) => {
    const [inner, ...more] = tree.named(argument);
    return (
      more.length === 0 && inner !== undefined && ["primitive_type", "sized_type_specifier"].includes(tree.kind(inner))
    );
  });
}

const PLAIN_TYPES = new WeakMap<Project, ReadonlySet<string>>();

/** Structs, unions, enumerations and typedefs of the project whose every member is plain. */
function plainTypes(project: Project): ReadonlySet<string> {
  const known = PLAIN_TYPES.get(project);
  if (known !== undefined) return known;
  const plain = new Set<string>();
  PLAIN_TYPES.set(project, plain);
  for (let size = -1; size !== plain.size; ) {
    size = plain.size;
    for (const file of project.files) {
      const { tree } = file;
      for (const n of tree.descendants(0, "struct_specifier", "union_specifier", "enum_specifier")) {
        const name = tree.field(n, "name");
        const alias = tree.kind(tree.parent(n)) === "type_definition" ? tree.field(tree.parent(n), "declarator") : NONE;
        if (tree.field(n, "body") === NONE || !isPlainStruct(project, file, n)) continue;
        if (name !== NONE) plain.add(tree.source(name));
        if (alias !== NONE && tree.kind(alias) === "type_identifier") plain.add(tree.source(alias));
      }
    }
  }
  return plain;
}

function isPlainStruct(project: Project, file: ParsedFile, n: Node): boolean {
  const { tree } = file;
  if (tree.kind(n) === "enum_specifier") return true;
  if (tree.named(n).some((c) => tree.kind(c) === "base_class_clause")) return false;
  return tree.named(tree.field(n, "body")).every((member) => {
    if (tree.kind(member) !== "field_declaration") return false;
    const type = tree.field(member, "type");
    const declarators = tree.fields(member, "declarator");
    if (declarators.some((d) => tree.kind(d) === "function_declarator" || tree.kind(d) === "reference_declarator"))
      return false;
    const isPointer = declarators.length > 0 && declarators.every((d) => tree.kind(d) === "pointer_declarator");
    return isPointer || (type !== NONE && isPlainType(project, file, type));
  });
}

/** A qualified name is a type, a function or something of the C++ library; a variable could hold an object. */
function checkQualified(project: Project, tree: Tree, n: Node, refuse: Refuse): void {
  const parent = tree.parent(n);
  if (tree.kind(parent) === "qualified_identifier" || tree.source(n).startsWith("std::")) return;
  const field = tree.fieldOf(n);
  if (field === "type" || (field === "function" && tree.kind(parent) === "call_expression")) return;
  const name = tree
    .source(n)
    .slice(tree.source(n).lastIndexOf(":") + 1)
    .trim();
  const variables = project.globals.get(name) ?? [];
  const isNumber = variables.length > 0 && variables.every((v) => isNumberType(v.declarator.type));
  if (isNumber || enumerators(project).has(name)) return;
  refuse("cplusplus-qualified-name", n, `What \`${tree.source(n)}\` holds is not followed.`);
}

const NUMBER_WORDS: ReadonlySet<string> = new Set("bool char double float int long short signed unsigned".split(" "));

function isNumberType(type: CType): boolean {
  if (type.pointers + type.arrays > 0 || type.isFunction) return false;
  return type.base.split(" ").every((word) => NUMBER_WORDS.has(word) || word.endsWith("_t"));
}

const ENUMERATORS = new WeakMap<Project, ReadonlySet<string>>();

/** Names of the constants of enumerations. */
function enumerators(project: Project): ReadonlySet<string> {
  const known = ENUMERATORS.get(project);
  if (known !== undefined) return known;
  const names = new Set<string>();
  for (const { tree } of project.files)
    for (const n of tree.descendants(0, "enumerator")) names.add(tree.source(tree.field(n, "name")));
  ENUMERATORS.set(project, names);
  return names;
}

function checkCall(project: Project, fn: CFunction, n: Node, refuse: Refuse): void {
  const { file } = fn;
  const { tree } = file;
  const callee = tree.field(n, "function");
  if (callee === NONE || tree.kind(callee) !== "identifier") return;
  const name = tree.source(callee);
  const target = resolveFunction(project, file, name);
  const isLocal = [...tree.descendants(fn.body, "declaration")].some((d) =>
    readDeclarators(tree, d).some((l) => l.name === name),
  );
  if (isLocal || fn.parameters.some((p) => p.name === name)) return;
  const isAmbiguous = target === null && (project.functions.has(name) || templateNames(project).has(name));
  if (isAmbiguous) refuse("cplusplus-overload", n, `\`${name}\` is declared more than once, for different arguments.`);
  if (target === null) return;
  const others = (project.functions.get(name) ?? []).filter((f) => f !== target && shareUnit(project, f.file, file));
  const prototypes = (project.prototypes.get(name) ?? []).filter((p) => shareUnit(project, p.file, file));
  const count = target.parameters.length;
  const isOverloaded =
    others.length > 0 ||
    templateNames(project).has(name) ||
    prototypes.some(
      (p) => p.file.tree.named(p.declarator.parameters).filter(isParameterOf(p.file.tree)).length !== count,
    );
  if (isOverloaded) refuse("cplusplus-overload", n, `\`${name}\` is declared more than once, for different arguments.`);
  const given = tree.named(tree.field(n, "arguments")).length;
  if (given !== count && !target.isVariadic)
    refuse("cplusplus-call", n, `\`${name}\` is called with default arguments.`);
  const hasPointerReference = target.parameters.some(
    (p) =>
      p.type.base.endsWith("&") &&
      (p.type.pointers > 0 || isObjectPointer({ ...p.type, base: p.type.base.slice(0, -2), pointers: 1 })),
  );
  if (hasPointerReference)
    refuse("cplusplus-reference", n, `\`${name}\` takes a pointer by reference, and may change it.`);
}

function isParameterOf(tree: Tree): (n: Node) => boolean {
  return (n) => {
    if (tree.kind(n) === "optional_parameter_declaration") return true;
    return tree.kind(n) === "parameter_declaration" && tree.source(n) !== "void";
  };
}

const TEMPLATE_NAMES = new WeakMap<Project, ReadonlySet<string>>();

/** Names of function templates. */
function templateNames(project: Project): ReadonlySet<string> {
  const known = TEMPLATE_NAMES.get(project);
  if (known !== undefined) return known;
  const names = new Set<string>();
  for (const { tree } of project.files)
    for (const template of tree.descendants(0, "template_declaration"))
      for (const declarator of tree.descendants(template, "function_declarator")) {
        const name = tree.field(declarator, "declarator");
        if (name !== NONE && tree.kind(name) === "identifier") names.add(tree.source(name));
      }
  TEMPLATE_NAMES.set(project, names);
  return names;
}

const THROWING = new WeakMap<CFunction, boolean>();

/**
 * Whether evaluating a node of a C++ function may end in an exception: it calls what is neither C nor a function of the
 * project that throws nothing, or uses a value of a class.
 */
export function mayThrow(project: Project, fn: CFunction, n: Node): boolean {
  const { file } = fn;
  if (file.language !== "cpp") return false;
  const { tree } = file;
  const classes = classLocals(fn);
  for (let at = n; at < tree.next(n); at++) {
    const kind = tree.kind(at);
    if (kind === "new_expression" || kind === "throw_statement" || kind === "lambda_expression") return true;
    if (kind === "identifier" && classes.has(tree.source(at))) return true;
    if (kind !== "call_expression") continue;
    const callee = tree.field(at, "function");
    if (callee === NONE || tree.kind(callee) !== "identifier") return true;
    const name = tree.source(callee);
    const target = resolveFunction(project, file, name);
    if (target !== null ? functionMayThrow(project, target) : !CAPI_FUNCTIONS.has(name) && !C_LIBRARY.has(name))
      return true;
  }
  return false;
}

function functionMayThrow(project: Project, fn: CFunction): boolean {
  if (fn.file.language !== "cpp") return false;
  const known = THROWING.get(fn);
  if (known !== undefined) return known;
  THROWING.set(fn, false);
  const found = mayThrow(project, fn, fn.body);
  THROWING.set(fn, found);
  return found;
}

/** Names of the locals that are values of a class. */
function classLocals(fn: CFunction): ReadonlySet<string> {
  const { tree } = fn.file;
  const names = new Set<string>();
  for (const declaration of tree.descendants(fn.body, "declaration")) {
    const type = tree.field(declaration, "type");
    if (type === NONE || !isHarmlessClass(tree, type)) continue;
    for (const declarator of tree.fields(declaration, "declarator"))
      for (const name of tree.descendants(declarator, "identifier")) {
        names.add(tree.source(name));
        break;
      }
  }
  return names;
}

/**
 * Name of a variable whose initialisation a `goto` or a `case` of a C++ function passes over into its scope, which does
 * not compile; null where there is none.
 */
export function skippedInitialiser(fn: CFunction): string | null {
  const { tree } = fn.file;
  if (fn.file.language !== "cpp") return null;
  const gotos = [...tree.descendants(fn.body, "goto_statement")];
  const labels = [...tree.descendants(fn.body, "labeled_statement", "case_statement")];
  if (labels.length === 0) return null;
  for (const declarator of tree.descendants(fn.body, "init_declarator")) {
    const declaration = tree.parent(declarator);
    if (tree.children(declaration).some((c) => tree.source(c) === "static")) continue;
    const scope = tree.enclosing(tree.parent(declaration), "compound_statement", "for_statement");
    for (const label of labels) {
      if (tree.start(label) < tree.end(declaration) || label >= tree.next(scope)) continue;
      const sources =
        tree.kind(label) === "case_statement"
          ? [tree.enclosing(label, "switch_statement")]
          : gotos.filter((g) => tree.source(tree.field(g, "label")) === tree.source(tree.field(label, "label")));
      if (sources.some((from) => from < declaration || from >= tree.next(scope)))
        return readDeclarator(tree, declarator, "").name;
    }
  }
  return null;
}
