/**
 * Differential runs: the functions and types of two builds of the same modules are called with the same edge values, each
 * build in processes of its own, and what comes back is compared.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Abi } from "./build.ts";
import type { Laboratory } from "./laboratory.ts";
import type { PackageBuild } from "./package-run.ts";
import type { State, Verifier } from "./verifier.ts";

/**
 * Arguments: a file for the results, and the names of modules. Each callable of a module runs in a forked child, so that a crash or a hang is a
 * result too; after a crash a new child goes on with the next call. A call is repeated, and what the references of its
 * arguments gained a time is part of the result: code that keeps or loses references shows.
 *
 * The numbers among the values name no process and no signal: functions that act on the system must find nothing to act on.
 */
const CALLER = `
import gc, importlib, itertools, json, os, random, re, resource, select, signal, sys, time

REPEAT = 5
SECONDS = 10

class Int(int): pass
class Str(str): pass
class Bytes(bytes): pass
class List(list): pass
class Raises:
    def _raise(self, *args, **kw): raise KeyError("special method")
    __index__ = __int__ = __float__ = __len__ = __iter__ = __getitem__ = __hash__ = __eq__ = __bool__ = _raise
    __contains__ = __call__ = __bytes__ = __lt__ = __add__ = __next__ = __enter__ = __fspath__ = _raise
class Index:
    def __index__(self): return 3
class Huge:
    def __index__(self): return 2 ** 100
    def __len__(self): return 2 ** 70

def values():
    """New objects each time, with names for the report."""
    return [
        ("None", None), ("0", 0), ("2**31-1", 2 ** 31 - 1), ("2**63", 2 ** 63), ("-2**63-1", -2 ** 63 - 1), ("2**200", 2 ** 200),
        ("1.5", 1.5), ("nan", float("nan")), ("''", str()), ("'text'", "".join(["te", "xt"])), ("'\\\\xe9\\\\u4e2d'", "\\xe9\\u4e2d"),
        ("'\\\\udc80'", "a\\udc80"), ("'\\\\0'", "a\\0b"), ("b''", bytes()), ("b'bytes'", bytes(bytearray(b"bytes"))),
        ("bytearray", bytearray(b"array")), ("memoryview", memoryview(b"view")), ("()", ()), ("(1, 'x')", (1, "x")),
        ("[]", []), ("['a', 'b']", ["a", "b"]), ("[[1], None]", [[1], None]), ("{}", {}), ("{'k': 1}", {"k": 1}), ("{1}", {1}),
        ("object()", object()), ("Int(5)", Int(5)), ("Str('s')", Str("s")), ("Bytes(b's')", Bytes(b"s")), ("List([1])", List([1])),
        ("Raises()", Raises()), ("Index()", Index()), ("Huge()", Huge()), ("int", int), ("len", len), ("lambda", lambda *a: a),
        ("iter([1])", iter([1])), ("slice", slice(1, 2)), ("Ellipsis", ...), ("True", True),
    ]

COUNT = len(values())

def plans():
    """Positions in values() for the arguments of each call, and the names of keywords."""
    yield (), ()
    for i in range(COUNT): yield (i,), ()
    for pair in itertools.product(range(COUNT), repeat=2): yield pair, ()
    choose = random.Random(20)
    for length, count in ((3, 300), (4, 150), (5, 80)):
        for _ in range(count): yield tuple(choose.randrange(COUNT) for _ in range(length)), ()
    yield tuple(range(12)), ()
    for i in range(0, COUNT, 3): yield (i,), ("no_such_keyword",)
    yield (), ("no_such_keyword",)

def neutral(text):
    return re.sub(r"0x[0-9a-fA-F]+", "0x", text)[:300]

def show(value):
    kind = type(value)
    if kind in (int, float, complex, str, bytes, bool, type(None), bytearray):
        return f"{kind.__name__} {neutral(repr(value))}"
    if kind in (list, tuple):
        return f"{kind.__name__} [{', '.join(map(show, list(value)[:8]))}]"
    return kind.__name__

def call(function, plan):
    positions, names = plan
    objects = values()
    arguments = [objects[i][1] for i in positions]
    keywords = {name: 1 for name in names}
    # A list of its own: the call must not see one more reference than a user's would have.
    before = [sys.getrefcount(a) for a in arguments]
    outcome = None
    for _ in range(REPEAT):
        try:
            result = function(*arguments, **keywords)
            shown = "returns " + show(result)
            del result
        except BaseException as error:
            shown = "raises " + type(error).__name__
            error.__traceback__ = None
            del error
        outcome = outcome or shown
    after = [sys.getrefcount(a) for a in arguments]
    # Shared objects gain and lose references for other reasons; each call counts or it is noise.
    drift = [round((b - a) / REPEAT) for a, b in zip(before, after)]
    return outcome, drift

NAMES = [name for name, _ in values()]

def describe(plan):
    positions, names = plan
    return ", ".join([NAMES[i] for i in positions] + [f"{n}=1" for n in names])

def run(function, all_plans, start, out):
    """In a child: calls from a position on, one line each."""
    devnull = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2): os.dup2(devnull, fd)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    # A collection in the middle of a call would be noise, and they take most of the time.
    gc.disable()
    for i in range(start, len(all_plans)):
        os.write(out, f"s {i}\\n".encode())
        outcome, drift = call(function, all_plans[i])
        os.write(out, (json.dumps([i, outcome, drift]) + "\\n").encode())
    os._exit(0)

def collect(function, all_plans):
    results, start, deaths = {}, 0, 0
    deadline = time.monotonic() + SECONDS
    while start < len(all_plans) and deaths < 12:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try: run(function, all_plans, start, writing)
            finally: os._exit(3)
        os.close(writing)
        data, hung = b"", False
        while True:
            ready, _, _ = select.select([reading], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                hung = True
                os.kill(child, signal.SIGKILL)
                break
            piece = os.read(reading, 1 << 16)
            if not piece: break
            data += piece
        os.close(reading)
        _, status = os.waitpid(child, 0)
        started = start
        for line in data.decode("utf-8", "replace").split("\\n"):
            if line.startswith("s "): started = int(line[2:])
            elif line.startswith("["):
                try: i, outcome, drift = json.loads(line)
                except ValueError: continue
                results[i] = [outcome, drift]
        if hung: break
        if status == 0: break
        deaths += 1
        how = f"dies of signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exits with {os.WEXITSTATUS(status)}"
        results[started] = [how, []]
        start = started + 1
    return results

def main():
    target, names = sys.argv[1], sys.argv[2:]
    all_plans = list(plans())
    everything = {}
    for name in names:
        try:
            module = importlib.import_module(name)
        except BaseException as error:
            everything[name] = {"": ["import raises " + type(error).__name__, []]}
            continue
        for attribute in sorted(dir(module)):
            value = getattr(module, attribute)
            is_function = type(value).__name__ in ("builtin_function_or_method", "method_descriptor")
            is_type = isinstance(value, type) and not issubclass(value, BaseException)
            if not (is_function or is_type) or attribute.startswith("__"): continue
            results = collect(value, all_plans)
            everything[f"{name}.{attribute}"] = {describe(all_plans[i]): r for i, r in results.items()}
    with open(target, "w") as file:
        json.dump(everything, file)

main()
`;

/** Outcome of a call, and references that its arguments gained each time. */
type Outcome = readonly [string, readonly number[]];
type Outcomes = Readonly<Record<string, Readonly<Record<string, Outcome>>>>;

export interface Difference {
  /** Such as `pkg._speedups.scan(None, 0)`. */
  readonly call: string;
  readonly original: string;
  readonly migrated: string;
}

export interface Comparison {
  /** Functions and types that were called. */
  readonly functions: number;
  /** Calls that end alike in two runs of the original, so that they can be compared. */
  readonly calls: number;
  readonly differences: readonly Difference[];
}

/**
 * The C library fills new memory with a pattern in the second run of a build, so that answers that depend on memory that
 * nobody wrote differ between the runs.
 */
const PATTERNED_MEMORY = { PYTHONMALLOC: "malloc", MALLOC_PERTURB_: "165" };

/** Seconds that all calls of one build may take. */
const LIMIT = 3600;

/** Name by which a built library is imported, and the directory that must be on the path for it. */
function importName(root: string, library: string): { readonly directory: string; readonly name: string } {
  const parts = [(library.split("/").at(-1) as string).split(".")[0] as string];
  let directory = dirname(join(root, library));
  while (directory !== root && existsSync(join(directory, "__init__.py"))) {
    parts.unshift(directory.split("/").at(-1) as string);
    directory = dirname(directory);
  }
  return { directory, name: parts.join(".") };
}

async function callAll(
  laboratory: Laboratory,
  root: string,
  build: PackageBuild,
  abi: Abi,
  label: string,
  allocator: Readonly<Record<string, string>> = {},
): Promise<Outcomes> {
  const modules = build.libraries.map((library) => importName(root, library));
  const work = join(laboratory.directory, `compare-${label}`);
  mkdirSync(work, { recursive: true });
  const script = join(work, "caller.py");
  const target = join(work, "results.json");
  writeFileSync(script, CALLER);
  const path = [...new Set(modules.map((module) => module.directory)), root, ...laboratory.packages];
  const variables = { PYTHONPATH: path.join(delimiter), PYTHONHASHSEED: "0", HPY_ABI: abi, ...allocator };
  const names = [...new Set(modules.map((module) => module.name))].sort();
  const result = await laboratory.run(laboratory.python, [script, target, ...names], work, variables, LIMIT);
  if (result.status !== 0 || !existsSync(target)) {
    throw new Error(`the calls could not be made: ${result.output.trim().split("\n").slice(-3).join("\n")}`);
  }
  return JSON.parse(readFileSync(target, "utf8")) as Outcomes;
}

function describe(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "nothing";
  const [what, drift] = outcome;
  const gained = drift.flatMap((change, index) =>
    change === 0 ? [] : [`argument ${index + 1} ${change > 0 ? "+" : ""}${change}`],
  );
  return gained.length === 0 ? what : `${what}, references: ${gained.join(", ")}`;
}

/** An outcome without its value: what it returns by type, what it raises. */
function kindOf([what, drift]: Outcome): Outcome {
  return [what.startsWith("returns ") ? what.split(" ", 2).join(" ") : what, drift];
}

function isSame(a: Outcome | undefined, b: Outcome | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Two runs of one build: where they part, the answer is different each time. */
export type Runs = readonly [Outcomes, Outcomes];

/** Whether all calls of a function answer the same in both runs. */
function repeats([first, second]: Runs, name: string): boolean {
  return Object.entries(first[name] ?? {}).every(([values, outcome]) => isSame(outcome, second[name]?.[values]));
}

/** Compares what two builds answered, in two runs each. */
export function compareOutcomes(before: Runs, after: Runs): Comparison {
  const [original] = before;
  const [migrated] = after;
  const differences: Difference[] = [];
  let calls = 0;
  for (const [name, results] of Object.entries(original)) {
    const theirs = migrated[name];
    if (theirs === undefined) {
      differences.push({ call: name, original: "is there", migrated: "is missing" });
      continue;
    }
    const isSteady = repeats(before, name) && repeats(after, name);
    for (const [values, outcome] of Object.entries(results)) {
      const other = theirs[values];
      const repeated = before[1][name]?.[values];
      const otherRepeated = after[1][name]?.[values];
      // A hang ends the calls of a function early, in one run sooner than in the other.
      if (other === undefined || repeated === undefined || otherRepeated === undefined) continue;
      if (!isSame(kindOf(outcome), kindOf(repeated))) continue;
      calls++;
      if (!isSame(kindOf(other), kindOf(otherRepeated))) {
        const either = `${describe(other)}; in another run ${describe(otherRepeated)}`;
        differences.push({ call: `${name}(${values})`, original: describe(outcome), migrated: either });
        continue;
      }
      if (isSame(outcome, other)) continue;
      // Two runs that agree once may do so by chance where others do not, such as with a clock.
      if (!isSteady && isSame(kindOf(outcome), kindOf(other))) continue;
      differences.push({ call: `${name}(${values})`, original: describe(outcome), migrated: describe(other) });
    }
  }
  return { functions: Object.keys(original).length, calls, differences };
}

/** Builds the start and a state, and calls every function of their modules. Null when one of them does not build. */
export async function compareStates(
  laboratory: Laboratory,
  verifier: Verifier,
  start: Abi,
  state: State,
  abi: Abi,
  onActivity: (activity: string) => void,
): Promise<Comparison | null> {
  onActivity("building the original to compare");
  const before = await verifier.buildState(new Map(), start);
  if (before === null) return null;
  onActivity("calling the original");
  const original: Runs = [
    await callAll(laboratory, before.root, before.build, start, "original"),
    await callAll(laboratory, before.root, before.build, start, "original-again", PATTERNED_MEMORY),
  ];
  onActivity("building the last state to compare");
  const after = await verifier.buildState(state, abi);
  if (after === null) return null;
  onActivity("calling the last state");
  const migrated: Runs = [
    await callAll(laboratory, after.root, after.build, abi, "migrated"),
    await callAll(laboratory, after.root, after.build, abi, "migrated-again", PATTERNED_MEMORY),
  ];
  return compareOutcomes(original, migrated);
}
