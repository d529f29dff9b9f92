import type { InputFile, Span } from "../syntax/source.ts";
import { expandGlob, joinPaths, PROJECT_ROOT, parentPath, projectPath } from "./build-paths.ts";
import {
  type PyCall,
  type PyClass,
  type PyComprehension,
  type PyExpression,
  type PyFunction,
  type PyModule,
  type PyStatement,
  parsePython,
} from "./python-syntax.ts";

/** What an expression of a build script may be. */
export type Value =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "constant"; readonly value: number | boolean | null }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | {
      readonly kind: "dict";
      readonly entries: ReadonlyMap<string, readonly Value[]>;
      readonly unknown: readonly Span[];
    }
  | { readonly kind: "extension"; readonly extension: DeclaredExtension }
  | { readonly kind: "unknown"; readonly path: string; readonly span: Span };

/** An `Extension(...)` call and everything that the script says about it; grows while the script is evaluated. */
export interface DeclaredExtension {
  readonly path: string;
  readonly span: Span;
  readonly name: string | null;
  readonly sources: Value[];
  readonly options: Map<string, Value[]>;
  conditional: boolean;
}

/** Where a statement or an expression stands. */
export interface Site {
  readonly script: Script;
  readonly owner: PyFunction | null;
}

interface Loop {
  readonly target: PyExpression;
  readonly iterable: PyExpression;
}

type Definition = {
  readonly at: number;
  readonly blocks: readonly number[];
  readonly loops: readonly Loop[];
} & (
  | { readonly kind: "assign"; readonly value: PyExpression; readonly path: readonly number[] }
  | { readonly kind: "extend" | "append"; readonly value: PyExpression }
  | { readonly kind: "update"; readonly value: PyExpression }
  | { readonly kind: "set-item"; readonly key: PyExpression; readonly value: PyExpression }
  | { readonly kind: "function"; readonly node: PyFunction }
  | { readonly kind: "class"; readonly node: PyClass }
  | { readonly kind: "import"; readonly name: string }
  | { readonly kind: "opaque"; readonly span: Span }
);

/** One expression of a script with what surrounds it. */
export interface Visit extends Site {
  readonly expression: PyExpression;
  readonly loops: readonly Loop[];
  /** Ids of the conditional bodies around it, outermost first. */
  readonly blocks: readonly number[];
}

interface Frame extends Site {
  /** Parameters, loop variables and comprehension variables. */
  readonly bindings: ReadonlyMap<string, readonly Value[]>;
  readonly activeLoops: readonly Loop[];
  readonly depth: number;
}

const MAX_ALTERNATIVES = 64;
const MAX_DEPTH = 24;

/** A parsed build script with its scopes. */
export class Script {
  readonly path: string;
  readonly text: string;
  readonly module: PyModule;
  readonly visits: Visit[] = [];
  readonly classes: PyClass[] = [];
  readonly functions: PyFunction[] = [];
  readonly imports: Extract<PyStatement, { kind: "import" }>[] = [];
  /** `X.attribute = value`, `X.attribute += value` and `X.attribute.append(value)`. */
  readonly attributeUpdates: (Visit & {
    readonly object: PyExpression;
    readonly name: string;
    readonly how: "set" | "append" | "extend";
  })[] = [];
  /** `x["key"] = value`, `x["key"] += value`, `x["key"].append(value)` and `x["key"].extend(value)`. */
  readonly keyStores: (Visit & { readonly key: PyExpression; readonly form: "store" | "add" })[] = [];
  /** Spans of all statements, outer ones before inner ones. */
  readonly statementSpans: Span[] = [];
  /** Imports inside an `except` clause. */
  readonly fallbackImports = new Set<PyStatement>();
  readonly #definitions = new Map<PyFunction | null, Map<string, Definition[]>>();
  readonly #bodies: { readonly span: Span; readonly blocks: readonly number[] }[] = [];
  #nextBlock = 0;

  constructor(file: InputFile) {
    this.path = file.path;
    this.text = file.text;
    this.module = parsePython(file.text);
    this.#definitions.set(null, new Map());
    this.#walk(this.module.body, null, [], []);
  }

  definitions(owner: PyFunction | null, name: string): readonly Definition[] {
    return this.#definitions.get(owner)?.get(name) ?? [];
  }

  isLocal(owner: PyFunction, name: string): boolean {
    return (
      owner.parameters.some((parameter) => parameter.name === name) ||
      (this.#definitions.get(owner)?.get(name) ?? []).some((definition) => definition.kind === "assign")
    );
  }

  /** Ids of the conditional bodies around an offset, outermost first. */
  blocksAt(offset: number): readonly number[] {
    let best: readonly number[] = [];
    for (const body of this.#bodies) {
      if (body.span.start <= offset && offset < body.span.end && body.blocks.length > best.length) best = body.blocks;
    }
    return best;
  }

  #define(owner: PyFunction | null, name: string, definition: Definition): void {
    const scope = this.#definitions.get(owner) ?? new Map<string, Definition[]>();
    this.#definitions.set(owner, scope);
    const list = scope.get(name) ?? [];
    list.push(definition);
    scope.set(name, list);
  }

  #body(
    body: readonly PyStatement[],
    owner: PyFunction | null,
    blocks: readonly number[],
    loops: readonly Loop[],
    conditional: "conditional" | "unconditional",
  ): void {
    const first = body[0];
    const last = body.at(-1);
    if (first === undefined || last === undefined) return;
    const inner = conditional === "conditional" ? [...blocks, this.#nextBlock++] : blocks;
    this.#bodies.push({ span: { start: first.span.start, end: last.span.end }, blocks: inner });
    this.#walk(body, owner, inner, loops);
  }

  #walk(
    body: readonly PyStatement[],
    owner: PyFunction | null,
    blocks: readonly number[],
    loops: readonly Loop[],
  ): void {
    for (const statement of body) this.#statement(statement, owner, blocks, loops);
  }

  #statement(
    statement: PyStatement,
    owner: PyFunction | null,
    blocks: readonly number[],
    loops: readonly Loop[],
  ): void {
    const visit = (expression: PyExpression): void => {
      this.#visit({ script: this, owner, expression, loops, blocks });
    };
    this.statementSpans.push(statement.span);
    const base = { at: statement.span.start, blocks, loops };
    switch (statement.kind) {
      case "expression":
        visit(statement.value);
        this.#mutation(statement.value, owner, base);
        return;
      case "assign":
        visit(statement.value);
        for (const target of statement.targets) {
          visit(target);
          this.#assign(target, statement.value, [], owner, base);
        }
        return;
      case "update":
        visit(statement.value);
        visit(statement.target);
        if (statement.target.kind === "name" && statement.op === "+=") {
          this.#define(owner, statement.target.name, { ...base, kind: "extend", value: statement.value });
        }
        this.#attributeUpdate(statement.target, statement.value, "extend", owner, base);
        this.#keyStore(statement.target, statement.value, "store", owner, base);
        return;
      case "return":
        if (statement.value !== null) visit(statement.value);
        return;
      case "import":
        this.imports.push(statement);
        for (const { name, alias } of statement.names) {
          const full = statement.module === null ? name : `${statement.module}.${name}`;
          // `import a.b` binds `a`, and the text `a.b.c` is then already the full name.
          const bound = alias ?? name.split(".")[0] ?? name;
          const target = statement.module === null && alias === null ? bound : full;
          this.#define(owner, bound, { ...base, kind: "import", name: target });
        }
        return;
      case "if":
        for (const branch of statement.branches) {
          visit(branch.test);
          this.#body(branch.body, owner, blocks, loops, isMainGuard(branch.test) ? "unconditional" : "conditional");
        }
        this.#body(statement.otherwise, owner, blocks, loops, "conditional");
        return;
      case "for": {
        visit(statement.iterable);
        const loop = { target: statement.target, iterable: statement.iterable };
        this.#body(statement.body, owner, blocks, [...loops, loop], "unconditional");
        return;
      }
      case "block":
        statement.expressions.forEach(visit);
        statement.bodies.forEach((inner, index) => {
          if (statement.handlers[index] === true) {
            for (const each of inner) if (each.kind === "import") this.fallbackImports.add(each);
          }
          const always = statement.node === "WithStatement" ? "unconditional" : "conditional";
          this.#body(inner, owner, blocks, loops, always);
        });
        return;
      case "function":
        this.functions.push(statement);
        this.#define(owner, statement.name, { ...base, kind: "function", node: statement });
        this.#body(statement.body, statement, [], [], "unconditional");
        return;
      case "class":
        this.classes.push(statement);
        this.#define(owner, statement.name, { ...base, kind: "class", node: statement });
        statement.bases.forEach(visit);
        for (const member of statement.body) {
          if (member.kind === "assign" || member.kind === "expression") visit(member.value);
          if (member.kind === "function") {
            this.functions.push(member);
            this.#body(member.body, member, [], [], "unconditional");
          }
        }
        return;
      case "other":
        statement.expressions.forEach(visit);
        return;
    }
  }

  #assign(
    target: PyExpression,
    value: PyExpression,
    path: readonly number[],
    owner: PyFunction | null,
    base: { at: number; blocks: readonly number[]; loops: readonly Loop[] },
  ): void {
    this.#keyStore(target, value, "store", owner, base);
    if (target.kind === "name") this.#define(owner, target.name, { ...base, kind: "assign", value, path });
    else if (target.kind === "tuple" || target.kind === "list") {
      target.elements.forEach((element, index) => {
        this.#assign(element, value, [...path, index], owner, base);
      });
    } else if (target.kind === "subscript" && target.object.kind === "name" && target.index !== null) {
      this.#define(owner, target.object.name, { ...base, kind: "set-item", key: target.index, value });
    } else this.#attributeUpdate(target, value, "set", owner, base);
  }

  #attributeUpdate(
    target: PyExpression,
    value: PyExpression,
    how: "set" | "append" | "extend",
    owner: PyFunction | null,
    base: { blocks: readonly number[]; loops: readonly Loop[] },
  ): void {
    if (target.kind !== "attribute") return;
    this.attributeUpdates.push({
      script: this,
      owner,
      expression: value,
      loops: base.loops,
      blocks: base.blocks,
      object: target.object,
      name: target.name,
      how,
    });
  }

  #keyStore(
    target: PyExpression,
    value: PyExpression,
    form: "store" | "add",
    owner: PyFunction | null,
    base: { blocks: readonly number[]; loops: readonly Loop[] },
  ): void {
    if (target.kind !== "subscript" || target.index === null) return;
    const visit = { script: this, owner, expression: value, loops: base.loops, blocks: base.blocks };
    this.keyStores.push({ ...visit, key: target.index, form });
  }

  /** `x.append(y)` and its like, as a statement of its own. */
  #mutation(
    expression: PyExpression,
    owner: PyFunction | null,
    base: { at: number; blocks: readonly number[]; loops: readonly Loop[] },
  ): void {
    if (expression.kind !== "call" || expression.callee.kind !== "attribute") return;
    const { object, name } = expression.callee;
    const values = expression.arguments.map((argument) => argument.value);
    const first = values[0];
    if (object.kind === "attribute" && first !== undefined) {
      if (name === "append") this.#attributeUpdate(object, first, "append", owner, base);
      if (name === "extend") this.#attributeUpdate(object, first, "extend", owner, base);
      return;
    }
    if (first !== undefined && (name === "append" || name === "extend")) {
      this.#keyStore(object, first, "add", owner, base);
    }
    if (object.kind !== "name") return;
    const variable = object.name;
    if (name === "append" && first !== undefined) {
      this.#define(owner, variable, { ...base, kind: "append", value: first });
    } else if (name === "insert" && values[1] !== undefined) {
      this.#define(owner, variable, { ...base, kind: "append", value: values[1] });
    } else if (name === "extend" && first !== undefined) {
      this.#define(owner, variable, { ...base, kind: "extend", value: first });
    } else if (name === "setdefault" && first !== undefined && values[1] !== undefined) {
      this.#define(owner, variable, { ...base, kind: "set-item", key: first, value: values[1] });
    } else if (name === "update") {
      for (const argument of expression.arguments) {
        if (argument.form === "keyword") {
          const key: PyExpression = { kind: "string", span: argument.nameSpan, value: argument.name };
          this.#define(owner, variable, { ...base, kind: "set-item", key, value: argument.value });
        } else this.#define(owner, variable, { ...base, kind: "update", value: argument.value });
      }
    }
  }

  #visit(visit: Visit): void {
    this.visits.push(visit);
    const inner = (expression: PyExpression): void => {
      this.#visit({ ...visit, expression });
    };
    const { expression } = visit;
    switch (expression.kind) {
      case "list":
      case "tuple":
      case "set":
        expression.elements.forEach(inner);
        return;
      case "dict":
        for (const entry of expression.entries) {
          if (entry.key !== null) inner(entry.key);
          inner(entry.value);
        }
        return;
      case "call":
        inner(expression.callee);
        for (const argument of expression.arguments) inner(argument.value);
        return;
      case "attribute":
        inner(expression.object);
        return;
      case "subscript":
        inner(expression.object);
        if (expression.index !== null) inner(expression.index);
        return;
      case "binary":
        inner(expression.left);
        inner(expression.right);
        return;
      case "conditional":
        inner(expression.test);
        for (const branch of [expression.whenTrue, expression.whenFalse]) {
          const blocks = [...visit.blocks, this.#nextBlock++];
          this.#bodies.push({ span: branch.span, blocks });
          this.#visit({ ...visit, blocks, expression: branch });
        }
        return;
      case "comprehension": {
        const loops = [...visit.loops];
        for (const clause of expression.clauses) {
          if (clause.kind === "for") {
            this.#visit({ ...visit, loops: [...loops], expression: clause.iterable });
            loops.push({ target: clause.target, iterable: clause.iterable });
          } else this.#visit({ ...visit, loops: [...loops], expression: clause.test });
        }
        if (expression.key !== null) this.#visit({ ...visit, loops, expression: expression.key });
        this.#visit({ ...visit, loops, expression: expression.element });
        return;
      }
      case "starred":
        inner(expression.value);
        return;
      case "format-string":
        for (const part of expression.parts) if (typeof part !== "string") inner(part);
        return;
      case "other":
        expression.children.forEach(inner);
        return;
      case "name":
      case "string":
      case "number":
      case "constant":
        return;
    }
  }
}

/**
 * Evaluates expressions of build scripts without running them: every value that an expression may have, as far as
 * constants, variables, lists, paths, globs, loops over constants and local functions tell.
 *
 * Conditions are not decided (they ask about the machine), so both branches count. What is not static is an
 * `unknown` value with its place.
 */
export class Evaluator {
  readonly #files: readonly InputFile[];
  /** Folder of the build script, relative to the root of the project. */
  readonly #root: string;
  readonly #scripts: ReadonlyMap<string, Script>;
  readonly extensions: DeclaredExtension[] = [];
  readonly #extensionKeys = new Map<string, DeclaredExtension>();
  readonly #evaluating = new Set<unknown>();
  /** What patterns match: a list of sources is asked for many times over. */
  readonly #globs = new Map<string, Value[]>();

  constructor(scripts: readonly Script[], files: readonly InputFile[], root: string) {
    this.#scripts = new Map(scripts.map((script) => [script.path, script]));
    this.#files = files;
    this.#root = root;
  }

  /** Every value that the expression of a visit may have, whoever calls the function that it stands in. */
  valuesAt(visit: Visit, expression: PyExpression): readonly Value[] {
    const result: Value[] = [];
    for (const frame of this.#framesOf(visit, 0)) {
      this.#enumerate(visit.loops, frame, expression.span.start, (inner) => {
        result.push(...this.evaluate(expression, inner));
      });
    }
    return distinct(result);
  }

  /** Full dotted names that a callee or a base class may have: `os.path.join`, `setuptools.Extension`. */
  canonicalNames(expression: PyExpression, site: Site): readonly string[] {
    if (expression.kind === "attribute") {
      return this.canonicalNames(expression.object, site).map((name) => `${name}.${expression.name}`);
    }
    if (expression.kind !== "name") return [];
    const imported = this.#definitionsOf(expression.name, site).flatMap((definition) =>
      definition.kind === "import" ? [definition.name] : [],
    );
    return imported.length === 0 ? [expression.name] : imported;
  }

  /** Local function that a name stands for; null where there is none. */
  localFunction(expression: PyExpression, site: Site): { script: Script; node: PyFunction } | null {
    if (expression.kind === "attribute") {
      for (const name of this.canonicalNames(expression, site)) {
        const found = this.#imported(name, site.script);
        for (const each of found?.script.definitions(null, found.name) ?? []) {
          if (each.kind === "function" && found !== null) return { script: found.script, node: each.node };
        }
      }
    }
    if (expression.kind !== "name") return null;
    for (const definition of this.#definitionsOf(expression.name, site)) {
      if (definition.kind === "function") return { script: site.script, node: definition.node };
      if (definition.kind === "import") {
        const found = this.#imported(definition.name, site.script);
        const inner = found?.script.definitions(null, found.name) ?? [];
        for (const each of inner) {
          if (each.kind === "function" && found !== null) return { script: found.script, node: each.node };
        }
      }
    }
    return null;
  }

  /** Local class that a name stands for; null where there is none. */
  localClass(expression: PyExpression, site: Site): PyClass | null {
    if (expression.kind !== "name") return null;
    for (const definition of this.#definitionsOf(expression.name, site)) {
      if (definition.kind === "class") return definition.node;
    }
    return null;
  }

  isExtensionClass(expression: PyExpression, site: Site): boolean {
    const local = this.localClass(expression, site);
    if (local !== null && !this.#evaluating.has(local)) {
      this.#evaluating.add(local);
      const result = local.bases.some((base) => this.isExtensionClass(base, site));
      this.#evaluating.delete(local);
      return result;
    }
    if (this.localFunction(expression, site) !== null) return false;
    return this.canonicalNames(expression, site).some((name) => (name.split(".").at(-1) ?? "").endsWith("Extension"));
  }

  evaluate(expression: PyExpression, frame: Frame): readonly Value[] {
    if (frame.depth > MAX_DEPTH) return [this.#unknown(expression, frame)];
    return limit(this.#evaluate(expression, { ...frame, depth: frame.depth + 1 }));
  }

  #unknown(expression: PyExpression, frame: Site): Value {
    return { kind: "unknown", path: frame.script.path, span: expression.span };
  }

  #evaluate(expression: PyExpression, frame: Frame): readonly Value[] {
    const unknown = (): readonly Value[] => [this.#unknown(expression, frame)];
    switch (expression.kind) {
      case "string":
        return [text(expression.value)];
      case "number": {
        const value = Number(expression.text);
        return Number.isNaN(value) ? unknown() : [{ kind: "constant", value }];
      }
      case "constant":
        return [{ kind: "constant", value: expression.value }];
      case "name":
        return this.#lookup(expression.name, expression, frame);
      case "format-string": {
        let results: readonly string[] = [""];
        for (const part of expression.parts) {
          const options = typeof part === "string" ? [part] : stringsOf(this.evaluate(part, frame));
          if (options === null) return unknown();
          results = results.flatMap((head) => options.map((tail) => head + tail)).slice(0, MAX_ALTERNATIVES);
        }
        return results.map(text);
      }
      case "list":
      case "tuple":
      case "set":
        return [{ kind: "list", items: this.#elements(expression.elements, frame) }];
      case "dict": {
        const entries = new Map<string, readonly Value[]>();
        const unknowns: Span[] = [];
        for (const entry of expression.entries) {
          if (entry.key === null) {
            for (const value of this.evaluate(entry.value, frame))
              mergeDict(entries, unknowns, value, entry.value.span);
            continue;
          }
          const keys = stringsOf(this.evaluate(entry.key, frame));
          if (keys === null) unknowns.push(entry.key.span);
          for (const key of keys ?? []) addTo(entries, key, this.evaluate(entry.value, frame));
        }
        return [{ kind: "dict", entries, unknown: unknowns }];
      }
      case "conditional": {
        const truth = this.#truth(expression.test, frame);
        if (truth === true) return this.evaluate(expression.whenTrue, frame);
        if (truth === false) return this.evaluate(expression.whenFalse, frame);
        const values = [...this.evaluate(expression.whenTrue, frame), ...this.evaluate(expression.whenFalse, frame)];
        markConditional(values);
        return values;
      }
      case "comprehension":
        return this.#comprehension(expression, frame);
      case "binary":
        return this.#binary(expression.op, expression, expression.left, expression.right, frame);
      case "subscript":
        return this.#subscript(expression, frame);
      case "attribute":
        return this.#attribute(expression, frame);
      case "call":
        return this.#call(expression, frame);
      case "starred":
        return this.evaluate(expression.value, frame);
      case "other":
        return unknown();
    }
  }

  #elements(elements: readonly PyExpression[], frame: Frame): Value[] {
    return elements.flatMap((element) => {
      const values = this.evaluate(element, frame);
      return element.kind === "starred" ? itemsOf(values) : [...values];
    });
  }

  #comprehension(expression: PyComprehension, frame: Frame): readonly Value[] {
    const items: Value[] = [];
    let entries: Map<string, readonly Value[]> | null = null;
    const run = (index: number, inner: Frame): void => {
      const clause = expression.clauses[index];
      if (clause === undefined) {
        const values = this.evaluate(expression.element, inner);
        if (expression.key === null) items.push(...values);
        else {
          entries ??= new Map();
          for (const key of stringsOf(this.evaluate(expression.key, inner)) ?? []) addTo(entries, key, values);
        }
      } else if (clause.kind === "if") {
        if (this.#truth(clause.test, inner) !== false) run(index + 1, inner);
      } else {
        for (const item of itemsOf(this.evaluate(clause.iterable, inner))) {
          run(index + 1, this.#bind(clause.target, item, inner));
        }
      }
    };
    run(0, frame);
    if (expression.of === "dict") return [{ kind: "dict", entries: entries ?? new Map(), unknown: [] }];
    return [{ kind: "list", items }];
  }

  #bind(target: PyExpression, value: Value, frame: Frame): Frame {
    const bindings = new Map(frame.bindings);
    const put = (to: PyExpression, what: Value): void => {
      if (to.kind === "name") bindings.set(to.name, [what]);
      else if (to.kind === "tuple" || to.kind === "list") {
        to.elements.forEach((element, index) => {
          const item = what.kind === "list" ? what.items[index] : undefined;
          put(element, item ?? { kind: "unknown", path: frame.script.path, span: to.span });
        });
      }
    };
    put(target, value);
    return { ...frame, bindings };
  }

  /** Runs `body` once per combination of the loop variables of `loops` that the frame has not bound yet. */
  #enumerate(loops: readonly Loop[], frame: Frame, at: number, body: (frame: Frame) => void): void {
    const loop = loops.find((each) => !frame.activeLoops.includes(each));
    if (loop === undefined) {
      body(frame);
      return;
    }
    const active = { ...frame, activeLoops: [...frame.activeLoops, loop] };
    for (const item of itemsOf(this.evaluate(loop.iterable, frame)).slice(0, MAX_ALTERNATIVES * 4)) {
      this.#enumerate(loops, this.#bind(loop.target, item, active), at, body);
    }
  }

  #definitionsOf(name: string, site: Site): readonly Definition[] {
    if (site.owner !== null) {
      const inner = site.script.definitions(site.owner, name);
      if (inner.length > 0 || site.script.isLocal(site.owner, name)) return inner;
    }
    return site.script.definitions(null, name);
  }

  #lookup(name: string, expression: PyExpression, frame: Frame): readonly Value[] {
    const bound = frame.bindings.get(name);
    if (name === "__file__") return [text(`${PROJECT_ROOT}/${frame.script.path.slice(this.#root.length)}`)];
    const local = frame.owner !== null && frame.script.isLocal(frame.owner, name);
    const owner = local ? frame.owner : null;
    const scoped = frame.script.definitions(owner, name);
    if (bound !== undefined && scoped.length === 0) return bound;
    const useAt = owner === frame.owner ? expression.span.start : Number.POSITIVE_INFINITY;
    const useBlocks = owner === frame.owner ? frame.script.blocksAt(expression.span.start) : [];
    const home: Frame = owner === frame.owner ? frame : { ...frame, owner: null, bindings: new Map(), activeLoops: [] };
    const mutations = owner === null && frame.owner !== null ? frame.script.definitions(frame.owner, name) : [];
    let values: readonly Value[] | null = bound ?? null;
    for (const definition of [...scoped, ...mutations]) {
      if (definition.at >= useAt || this.#evaluating.has(definition)) continue;
      this.#evaluating.add(definition);
      const certain = definition.blocks.every((block, index) => useBlocks[index] === block);
      values = this.#apply(definition, values, certain, mutations.includes(definition) ? frame : home);
      this.#evaluating.delete(definition);
    }
    return values ?? [this.#unknown(expression, frame)];
  }

  #apply(
    definition: Definition,
    before: readonly Value[] | null,
    certain: boolean,
    frame: Frame,
  ): readonly Value[] | null {
    switch (definition.kind) {
      case "assign": {
        const values: Value[] = [];
        this.#enumerate(definition.loops, frame, definition.at, (inner) => {
          let results = this.evaluate(definition.value, inner);
          for (const index of definition.path) {
            results = results.map((value) =>
              value.kind === "list"
                ? (value.items[index] ?? this.#unknown(definition.value, frame))
                : this.#unknown(definition.value, frame),
            );
          }
          values.push(...results);
        });
        if (!certain) markConditional(values);
        return certain || before === null ? values : distinct([...before, ...values]);
      }
      case "append":
      case "extend": {
        const added: Value[] = [];
        this.#enumerate(definition.loops, frame, definition.at, (inner) => {
          const results = this.evaluate(definition.value, inner);
          added.push(...(definition.kind === "append" ? results : itemsOf(results)));
        });
        if (!certain) markConditional(added);
        const old = before ?? [{ kind: "list", items: [] }];
        // A string grown with `+=` is no list: its value is then not followed.
        if (definition.kind === "extend" && old.some((value) => value.kind === "string")) {
          return [this.#unknown(definition.value, frame)];
        }
        const lists = old.filter((value) => value.kind === "list");
        const others = old.filter((value) => value.kind !== "list");
        const grown: Value[] = (lists.length === 0 ? [{ kind: "list" as const, items: [] }] : lists).map((list) => ({
          kind: "list",
          items: distinct([...list.items, ...added]),
        }));
        return distinct([...grown, ...others.filter((value) => value.kind === "unknown")]);
      }
      case "set-item":
      case "update": {
        const entries = new Map<string, readonly Value[]>();
        const unknowns: Span[] = [];
        for (const value of before ?? []) mergeDict(entries, unknowns, value, definition.value.span);
        this.#enumerate(definition.loops, frame, definition.at, (inner) => {
          const results = this.evaluate(definition.value, inner);
          if (!certain) markConditional(results);
          if (definition.kind === "update") {
            for (const value of results) mergeDict(entries, unknowns, value, definition.value.span);
            return;
          }
          const keys = stringsOf(this.evaluate(definition.key, inner));
          if (keys === null) unknowns.push(definition.key.span);
          for (const key of keys ?? []) addTo(entries, key, results);
        });
        return [{ kind: "dict", entries, unknown: unknowns }];
      }
      case "import": {
        const found = this.#imported(definition.name, frame.script);
        if (found === null) return before;
        const name: PyExpression = { kind: "name", span: { start: Number.MAX_SAFE_INTEGER, end: 0 }, name: found.name };
        const there: Frame = { ...frame, script: found.script, owner: null, bindings: new Map(), activeLoops: [] };
        return this.evaluate(name, there);
      }
      case "function":
      case "class":
      case "opaque":
        return before;
    }
  }

  /** A name that is imported from a module of the project that was read. */
  #imported(name: string, from: Script): { script: Script; name: string } | null {
    const parts = name.split(".").filter((part) => part !== "");
    const last = parts.pop();
    const folder = from.path.includes("/") ? from.path.slice(0, from.path.lastIndexOf("/") + 1) : "";
    const script = this.#scripts.get(`${folder}${parts.join("/")}.py`);
    return script === undefined || last === undefined ? null : { script, name: last };
  }

  /** Frames in which a function of the script is called; one without bindings where nobody calls it. */
  #framesOf(site: Site, depth: number): readonly Frame[] {
    const empty: Frame = { script: site.script, owner: site.owner, bindings: new Map(), activeLoops: [], depth: 0 };
    const { owner } = site;
    if (owner === null || depth > 4) return [empty];
    const frames: Frame[] = [];
    for (const script of this.#scripts.values()) {
      for (const visit of script.visits) {
        const { expression } = visit;
        if (expression.kind !== "call" || this.localFunction(expression.callee, visit)?.node !== owner) continue;
        for (const outer of this.#framesOf(visit, depth + 1)) {
          this.#enumerate(visit.loops, outer, expression.span.start, (inner) => {
            frames.push(this.#callFrame(site.script, owner, expression, inner));
          });
        }
      }
    }
    return frames.length === 0 ? [empty] : frames.slice(0, MAX_ALTERNATIVES);
  }

  #callFrame(script: Script, target: PyFunction, call: PyCall, frame: Frame): Frame {
    const bindings = new Map<string, readonly Value[]>();
    const plain = target.parameters.filter((parameter) => parameter.form === "plain");
    const named = target.parameters.filter(
      (parameter) => parameter.form !== "star" && parameter.form !== "double-star",
    );
    const rest: Value[] = [];
    const extra = new Map<string, readonly Value[]>();
    const unknowns: Span[] = [];
    let position = 0;
    for (const argument of call.arguments) {
      const values = this.evaluate(argument.value, frame);
      if (argument.form === "keyword") {
        if (named.some((parameter) => parameter.name === argument.name)) bindings.set(argument.name, values);
        else extra.set(argument.name, values);
      } else if (argument.form === "double-star") {
        for (const value of values) mergeDict(extra, unknowns, value, argument.span);
      } else {
        for (const value of argument.form === "star" ? itemsOf(values).map((item) => [item]) : [values]) {
          const parameter = plain[position++];
          if (parameter === undefined) rest.push(...value);
          else bindings.set(parameter.name, value);
        }
      }
    }
    for (const parameter of target.parameters) {
      if (parameter.form === "star") bindings.set(parameter.name, [{ kind: "list", items: rest }]);
      else if (parameter.form === "double-star") {
        bindings.set(parameter.name, [{ kind: "dict", entries: extra, unknown: unknowns }]);
      } else if (!bindings.has(parameter.name)) {
        const spread = extra.get(parameter.name);
        if (spread !== undefined) bindings.set(parameter.name, spread);
        else if (parameter.default !== null) {
          bindings.set(parameter.name, this.evaluate(parameter.default, { ...frame, script, owner: null }));
        }
      }
    }
    return { script, owner: target, bindings, activeLoops: [], depth: frame.depth };
  }

  #truth(expression: PyExpression, frame: Frame): boolean | null {
    if (expression.kind === "constant") return expression.value === true;
    if (expression.kind === "other" && expression.node === "UnaryExpression") {
      const [operand] = expression.children;
      if (operand === undefined || !frame.script.text.startsWith("not", expression.span.start)) return null;
      const inner = this.#truth(operand, frame);
      return inner === null ? null : !inner;
    }
    if (expression.kind !== "binary") return null;
    const { op, left, right } = expression;
    if (op === "and" || op === "or") {
      const sides = [this.#truth(left, frame), this.#truth(right, frame)];
      if (sides.includes(op === "or")) return op === "or";
      return sides.includes(null) ? null : op === "and";
    }
    const lefts = stringsOf(this.evaluate(left, frame));
    const one = lefts?.length === 1 ? lefts[0] : undefined;
    if (one === undefined) return null;
    const rightValues = this.evaluate(right, frame);
    if (op === "==" || op === "!=") {
      const rights = stringsOf(rightValues);
      return rights?.length === 1 ? (rights[0] === one) === (op === "==") : null;
    }
    if (op !== "in" && op !== "not in") return null;
    const [container] = rightValues;
    if (rightValues.length !== 1 || container === undefined) return null;
    const members = container.kind === "dict" ? [...container.entries.keys()] : stringsOf(itemsOf([container]));
    return members === null ? null : members.includes(one) === (op === "in");
  }

  #binary(op: string, whole: PyExpression, left: PyExpression, right: PyExpression, frame: Frame): readonly Value[] {
    const unknown = [this.#unknown(whole, frame)];
    const lefts = this.evaluate(left, frame);
    if (op === "and") return [...this.evaluate(right, frame)];
    const rights = this.evaluate(right, frame);
    if (op === "or") return distinct([...lefts.filter((value) => !isFalsy(value)), ...rights]);
    if (op !== "+" && op !== "/" && op !== "%" && op !== "*" && op !== "|") return unknown;
    const results: Value[] = [];
    for (const a of lefts) {
      for (const b of rights) {
        if (op === "+" && a.kind === "list" && b.kind === "list") {
          results.push({ kind: "list", items: [...a.items, ...b.items] });
        } else if (op === "+" && (a.kind === "list" || b.kind === "list")) {
          results.push({ kind: "list", items: [...itemsOf([a]), ...itemsOf([b])] });
        } else if (op === "+" && a.kind === "string" && b.kind === "string") results.push(text(a.value + b.value));
        else if (op === "/" && a.kind === "string" && b.kind === "string")
          results.push(text(joinPaths(a.value, b.value)));
        else if (op === "*" && a.kind === "list") results.push(a);
        else if (op === "|" && a.kind === "dict") {
          const entries = new Map(a.entries);
          const unknowns = [...a.unknown];
          mergeDict(entries, unknowns, b, right.span);
          results.push({ kind: "dict", entries, unknown: unknowns });
        } else if (op === "%" && a.kind === "string") {
          const formatted = formatPercent(a.value, b.kind === "list" ? b.items : [b]);
          results.push(formatted === null ? this.#unknown(whole, frame) : text(formatted));
        } else results.push(this.#unknown(whole, frame));
      }
    }
    return results;
  }

  #subscript(expression: Extract<PyExpression, { kind: "subscript" }>, frame: Frame): readonly Value[] {
    const { index } = expression;
    const objects = this.evaluate(expression.object, frame);
    if (index === null) {
      // A slice holds at most what the list holds.
      return objects.map((value) => (value.kind === "list" ? value : this.#unknown(expression, frame)));
    }
    const keys = this.evaluate(index, frame);
    return distinct(
      objects.flatMap((object) =>
        keys.flatMap((key): readonly Value[] => {
          if (object.kind === "dict" && key.kind === "string") {
            return object.entries.get(key.value) ?? [this.#unknown(expression, frame)];
          }
          if (object.kind === "list" && key.kind === "constant" && typeof key.value === "number") {
            return [object.items.at(key.value) ?? this.#unknown(expression, frame)];
          }
          return [this.#unknown(expression, frame)];
        }),
      ),
    );
  }

  #attribute(expression: Extract<PyExpression, { kind: "attribute" }>, frame: Frame): readonly Value[] {
    const names = this.canonicalNames(expression, frame);
    if (names.includes("os.sep") || names.includes("os.path.sep")) return [text("/")];
    if (names.includes("os.curdir")) return [text(".")];
    if (names.includes("os.pardir")) return [text("..")];
    return this.evaluate(expression.object, frame).map((object): Value => {
      if (object.kind === "string" && expression.name === "parent") return text(parentPath(object.value));
      if (object.kind === "string" && expression.name === "name") return text(object.value.split("/").at(-1) ?? "");
      if (object.kind === "string" && expression.name === "stem") return text(stem(object.value));
      if (object.kind === "extension" && expression.name === "name" && object.extension.name !== null) {
        return text(object.extension.name);
      }
      if (object.kind === "extension" && expression.name === "sources") {
        return { kind: "list", items: object.extension.sources };
      }
      return this.#unknown(expression, frame);
    });
  }

  #call(call: PyCall, frame: Frame): readonly Value[] {
    if (this.isExtensionClass(call.callee, frame)) return [this.#extension(call, frame)];
    const local = this.localFunction(call.callee, frame);
    if (local !== null) {
      if (this.#evaluating.has(local.node)) return [this.#unknown(call, frame)];
      this.#evaluating.add(local.node);
      const inner = this.#callFrame(local.script, local.node, call, frame);
      const returned = returnsOf(local.node.body).flatMap((value) => this.evaluate(value, inner));
      this.#evaluating.delete(local.node);
      return returned.length === 0 ? [{ kind: "constant", value: null }] : distinct(returned);
    }
    const positional = call.arguments.flatMap((argument): (readonly Value[])[] => {
      if (argument.form === "positional") return [this.evaluate(argument.value, frame)];
      if (argument.form === "star") return itemsOf(this.evaluate(argument.value, frame)).map((item) => [item]);
      return [];
    });
    const known = this.#library(this.canonicalNames(call.callee, frame), call, positional, frame);
    if (known !== null) return known;
    if (call.callee.kind === "attribute") {
      const receivers = this.evaluate(call.callee.object, frame);
      const method = call.callee.name;
      return distinct(
        receivers.flatMap((receiver) => this.#method(receiver, method, positional) ?? [this.#unknown(call, frame)]),
      );
    }
    // An unknown function may hand on the extensions that it is given.
    const handedOn = positional.flatMap((values) => itemsOf(values)).filter((value) => value.kind === "extension");
    return handedOn.length === 0
      ? [this.#unknown(call, frame)]
      : [{ kind: "list", items: [this.#unknown(call, frame), ...handedOn] }];
  }

  #library(
    names: readonly string[],
    call: PyCall,
    args: readonly (readonly Value[])[],
    frame: Frame,
  ): readonly Value[] | null {
    const first = args[0] ?? [];
    for (const name of names) {
      switch (name) {
        case "os.path.join":
        case "posixpath.join":
        case "join":
        case "pathlib.Path":
        case "pathlib.PurePath":
        case "Path":
          return (
            product(args, (parts) => joinPaths(...(parts.length === 0 ? ["."] : parts))) ?? [this.#unknown(call, frame)]
          );
        case "os.path.dirname":
        case "dirname":
          return mapStrings(first, parentPath) ?? [this.#unknown(call, frame)];
        case "os.path.basename":
          return mapStrings(first, (value) => value.split("/").at(-1) ?? "") ?? [this.#unknown(call, frame)];
        case "os.path.abspath":
        case "os.path.realpath":
          return mapStrings(first, (value) => joinPaths(PROJECT_ROOT, value)) ?? [this.#unknown(call, frame)];
        case "os.path.normpath":
        case "os.path.relpath":
        case "os.path.normcase":
        case "os.fspath":
        case "str":
        case "fspath":
          return first.length > 0 ? first : null;
        case "os.getcwd":
        case "pathlib.Path.cwd":
          return [text(PROJECT_ROOT)];
        case "list":
        case "tuple":
        case "sorted":
        case "set":
        case "reversed":
          return args.length === 0 ? [{ kind: "list", items: [] }] : [{ kind: "list", items: itemsOf(first) }];
        case "map":
          return mapper(call, (callee) => this.canonicalNames(callee, frame))
            ? [{ kind: "list", items: itemsOf(args[1] ?? []) }]
            : [this.#unknown(call, frame)];
        case "glob.glob":
        case "glob.iglob":
        case "glob": {
          const patterns = stringsOf(first);
          return patterns === null
            ? [this.#unknown(call, frame)]
            : [{ kind: "list", items: patterns.flatMap((pattern) => this.#glob(pattern)) }];
        }
        case "dict": {
          const entries = new Map<string, readonly Value[]>();
          const unknowns: Span[] = [];
          for (const argument of call.arguments) {
            const values = this.evaluate(argument.value, frame);
            if (argument.form === "keyword") entries.set(argument.name, values);
            else for (const value of values) mergeDict(entries, unknowns, value, argument.span);
          }
          return [{ kind: "dict", entries, unknown: unknowns }];
        }
        case "Cython.Build.cythonize":
        case "cythonize":
          return [{ kind: "list", items: itemsOf(first) }];
        case "zip": {
          const columns = args.map((values) => itemsOf(values));
          const length = Math.min(...columns.map((column) => column.length));
          return [
            {
              kind: "list",
              items: Array.from({ length: Number.isFinite(length) ? length : 0 }, (_, row) => ({
                kind: "list" as const,
                items: columns.flatMap((column) => column[row] ?? []),
              })),
            },
          ];
        }
        case "copy.copy":
        case "copy.deepcopy":
          return first;
      }
    }
    return null;
  }

  #method(receiver: Value, method: string, args: readonly (readonly Value[])[]): readonly Value[] | null {
    if (receiver.kind === "string") {
      switch (method) {
        case "resolve":
        case "absolute":
          return [text(joinPaths(PROJECT_ROOT, receiver.value))];
        case "as_posix":
        case "strip":
        case "__str__":
          return [text(receiver.value.trim())];
        case "joinpath":
          return product(args, (parts) => joinPaths(receiver.value, ...parts));
        case "glob":
        case "rglob": {
          const patterns = stringsOf(args[0] ?? []);
          if (patterns === null) return null;
          const prefix = method === "rglob" ? `${receiver.value}/**` : receiver.value;
          return [{ kind: "list", items: patterns.flatMap((pattern) => this.#glob(joinPaths(prefix, pattern))) }];
        }
        case "format":
          return product(args, (parts) => {
            let next = 0;
            return receiver.value
              .split("{}")
              .reduce((head, tail) => head + (parts[next++] ?? "{}") + tail)
              .replaceAll("{0}", parts[0] ?? "{0}")
              .replaceAll("{1}", parts[1] ?? "{1}");
          });
        case "replace":
          return product(args, ([from = "", to = ""]) => receiver.value.replaceAll(from, to));
        case "lower":
          return [text(receiver.value.toLowerCase())];
        case "split": {
          const separator = stringsOf(args[0] ?? []);
          const parts =
            separator === null || args.length === 0
              ? receiver.value.split(/\s+/u).filter((part) => part !== "")
              : receiver.value.split(separator[0] ?? " ");
          return [{ kind: "list", items: parts.map(text) }];
        }
        case "join": {
          const parts = stringsOf(itemsOf(args[0] ?? []));
          return parts === null ? null : [text(parts.join(receiver.value))];
        }
      }
      return null;
    }
    if (receiver.kind === "dict") {
      if (method === "values") return [{ kind: "list", items: [...receiver.entries.values()].flat() }];
      if (method === "keys") return [{ kind: "list", items: [...receiver.entries.keys()].map(text) }];
      if (method === "copy") return [receiver];
      if (method === "items") {
        const items = [...receiver.entries].flatMap(([key, values]) =>
          values.map((value): Value => ({ kind: "list", items: [text(key), value] })),
        );
        return [{ kind: "list", items }];
      }
      if (method === "get") {
        const keys = stringsOf(args[0] ?? []);
        const found = keys?.flatMap((key) => receiver.entries.get(key) ?? []) ?? [];
        return found.length > 0 ? found : (args[1] ?? [{ kind: "constant", value: null }]);
      }
    }
    if (receiver.kind === "list" && method === "copy") return [receiver];
    return null;
  }

  #glob(pattern: string): Value[] {
    const known = this.#globs.get(pattern);
    if (known !== undefined) return known;
    const inProject = projectPath(pattern, this.#root);
    const matches =
      inProject === null
        ? []
        : expandGlob(
            inProject,
            this.#files.map((file) => file.path),
          );
    const prefix = this.#root === "" ? "" : `${this.#root}/`;
    const values = matches.map((path) => text(path.slice(prefix.length)));
    this.#globs.set(pattern, values);
    return values;
  }

  #extension(call: PyCall, frame: Frame): Value {
    const options = new Map<string, readonly Value[]>();
    const unknowns: Span[] = [];
    const positional: (readonly Value[])[] = [];
    for (const argument of call.arguments) {
      const values = this.evaluate(argument.value, frame);
      if (argument.form === "keyword") options.set(argument.name, values);
      else if (argument.form === "double-star") {
        for (const value of values) mergeDict(options, unknowns, value, argument.span);
      } else if (argument.form === "star") positional.push(...itemsOf(values).map((item) => [item]));
      else positional.push(values);
    }
    const order = ["name", "sources", "include_dirs", "define_macros"];
    positional.forEach((values, index) => {
      const key = order[index];
      if (key !== undefined) options.set(key, values);
    });
    const names = stringsOf(options.get("name") ?? []);
    const name = names?.length === 1 ? (names[0] ?? null) : null;
    const key = `${frame.script.path}:${call.span.start}:${name}`;
    const known = this.#extensionKeys.get(key);
    const extension: DeclaredExtension = known ?? {
      path: frame.script.path,
      span: call.span,
      name,
      sources: [],
      options: new Map(),
      conditional: frame.script.blocksAt(call.span.start).length > 0,
    };
    if (known === undefined) {
      this.#extensionKeys.set(key, extension);
      this.extensions.push(extension);
    }
    mergeInto(extension.sources, itemsOf(options.get("sources") ?? unknowns.map(() => this.#unknown(call, frame))));
    for (const [option, values] of options) {
      if (option === "name" || option === "sources") continue;
      const list = extension.options.get(option) ?? [];
      mergeInto(list, flatten(values));
      extension.options.set(option, list);
    }
    return { kind: "extension", extension };
  }
}

/** `__name__ == "__main__"`, which holds whenever a build runs the script. */
function isMainGuard(test: PyExpression): boolean {
  return test.kind === "binary" && test.op === "==" && test.left.kind === "name" && test.left.name === "__name__";
}

function text(value: string): Value {
  return { kind: "string", value };
}

/** The strings that all values are; null where one of them is no string. */
function stringsOf(values: readonly Value[]): readonly string[] | null {
  if (values.length === 0) return null;
  const result: string[] = [];
  for (const value of values) {
    if (value.kind === "string") result.push(value.value);
    else if (value.kind === "constant" && typeof value.value === "number") result.push(String(value.value));
    else return null;
  }
  return result;
}

/** The elements of every list among the values; a value that is no list is one element. */
export function itemsOf(values: readonly Value[]): Value[] {
  return values.flatMap((value) => {
    if (value.kind === "list") return [...value.items];
    if (value.kind === "dict") return [...value.entries.keys()].map(text);
    return value.kind === "constant" && value.value === null ? [] : [value];
  });
}

/** Elements of lists at any depth except tuples of a macro definition, which stay lists of two. */
function flatten(values: readonly Value[]): Value[] {
  return itemsOf(values);
}

function mergeInto(list: Value[], more: readonly Value[]): void {
  const known = new Set(list.map(keyOf));
  for (const value of more) {
    const key = keyOf(value);
    if (!known.has(key)) list.push(value);
    known.add(key);
  }
}

function distinct(values: readonly Value[]): Value[] {
  const result: Value[] = [];
  mergeInto(result, values);
  return result;
}

function limit(values: readonly Value[]): readonly Value[] {
  return values.length > MAX_ALTERNATIVES ? values.slice(0, MAX_ALTERNATIVES) : values;
}

function keyOf(value: Value): string {
  switch (value.kind) {
    case "string":
      return `s${value.value}`;
    case "constant":
      return `c${String(value.value)}`;
    case "list":
      return `[${value.items.map(keyOf).join("\u0001")}]`;
    case "dict":
      return `{${[...value.entries].map(([key, values]) => `${key}:${values.map(keyOf).join("\u0002")}`).join("\u0001")}}`;
    case "extension":
      return `e${value.extension.path}:${value.extension.span.start}:${value.extension.name}`;
    case "unknown":
      return `u${value.path}:${value.span.start}:${value.span.end}`;
  }
}

function markConditional(values: readonly Value[]): void {
  for (const value of values) {
    if (value.kind === "extension") value.extension.conditional = true;
    else if (value.kind === "list") markConditional(value.items);
    else if (value.kind === "dict") for (const inner of value.entries.values()) markConditional(inner);
  }
}

function mergeDict(entries: Map<string, readonly Value[]>, unknowns: Span[], value: Value, span: Span): void {
  if (value.kind === "dict") {
    for (const [key, values] of value.entries) addTo(entries, key, values);
    unknowns.push(...value.unknown);
  } else if (value.kind === "unknown") unknowns.push(span);
}

function addTo(entries: Map<string, readonly Value[]>, key: string, values: readonly Value[]): void {
  entries.set(key, distinct([...(entries.get(key) ?? []), ...values]));
}

function isFalsy(value: Value): boolean {
  if (value.kind === "constant") return value.value === null || value.value === false || value.value === 0;
  return value.kind === "list" && value.items.length === 0;
}

function mapStrings(values: readonly Value[], change: (value: string) => string): readonly Value[] | null {
  return stringsOf(values)?.map((value) => text(change(value))) ?? null;
}

function product(args: readonly (readonly Value[])[], combine: (parts: string[]) => string): readonly Value[] | null {
  let rows: string[][] = [[]];
  for (const values of args) {
    const strings = stringsOf(values);
    if (strings === null) return null;
    rows = rows.flatMap((row) => strings.map((value) => [...row, value])).slice(0, MAX_ALTERNATIVES);
  }
  return rows.map((row) => text(combine(row)));
}

/** Whether a `map` call applies a conversion that leaves a path what it is. */
function mapper(call: PyCall, names: (expression: PyExpression) => readonly string[]): boolean {
  const callee = call.arguments[0]?.value;
  const conversions = ["str", "os.fspath", "os.path.normpath", "fspath"];
  return callee !== undefined && names(callee).some((name) => conversions.includes(name));
}

function formatPercent(format: string, values: readonly Value[]): string | null {
  const strings = stringsOf(values);
  if (strings === null) return null;
  const pieces = format.split("%%").map((piece) => piece.replaceAll("%d", "%s").split("%s"));
  let next = 0;
  let failed = false;
  const result = pieces
    .map((piece) =>
      piece.reduce((head, tail) => {
        const value = strings[next++];
        if (value === undefined) failed = true;
        return head + (value ?? "") + tail;
      }),
    )
    .join("%");
  return failed || result.includes("%(") ? null : result;
}

function stem(path: string): string {
  const name = path.split("/").at(-1) ?? "";
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? name : name.slice(0, dot);
}

function returnsOf(body: readonly PyStatement[]): PyExpression[] {
  return body.flatMap((statement): PyExpression[] => {
    switch (statement.kind) {
      case "return":
        return statement.value === null ? [] : [statement.value];
      case "if":
        return [...statement.branches.flatMap((branch) => returnsOf(branch.body)), ...returnsOf(statement.otherwise)];
      case "for":
        return returnsOf(statement.body);
      case "block":
        return statement.bodies.flatMap(returnsOf);
      default:
        return [];
    }
  });
}
