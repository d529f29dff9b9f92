/**
 * A launcher in front of the C compiler that keeps object files by content: a step changes one file of an extension,
 * but setuptools compiles all of them again. Results hold between runs and between scratch trees.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Arguments: the cache directory and the command. A compilation to an object file is looked up by its arguments and
 * by the content of every file that it read the last time; anything else is handed to the compiler as it is. Paths
 * below the current directory are kept relative, in the object's debug information too.
 */
const LAUNCHER = `
import os, subprocess, sys

cache, command = sys.argv[1], sys.argv[2:]
arguments = command[1:]
here = os.getcwd()
sources = [a for a in arguments if not a.startswith("-") and a.endswith((".c", ".cc", ".cpp", ".cxx", ".c++", ".C"))]
plain = not any(a.startswith(("-M", "@", "-save-temps", "-E", "-S", "-x", "--coverage", "-fprofile")) for a in arguments)
if "-c" not in arguments or "-o" not in arguments or len(sources) != 1 or not plain:
    os.execvp(command[0], command)

from _blake2 import blake2b
target = arguments[arguments.index("-o") + 1]

def digest(*parts):
    state = blake2b(digest_size=20)
    for part in parts:
        state.update(part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape"))
        state.update(b"\\0")
    return state.hexdigest()

known = {}
def content(path):
    if path not in known:
        try:
            with open(path, "rb") as file:
                known[path] = digest(file.read())
        except OSError:
            known[path] = ""
    return known[path]

def compiler():
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(directory, command[0])
        if os.access(path, os.X_OK):
            state = os.stat(path)
            return f"{path} {state.st_size} {state.st_mtime_ns}"
    return command[0]

def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    scratch = f"{path}.{os.getpid()}"
    with open(scratch, "wb") as file:
        file.write(data)
    os.replace(scratch, path)

variables = [f"{n}={os.environ.get(n)}" for n in ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LANG", "LC_ALL")]
neutral = [a.replace(here, ".") for i, a in enumerate(arguments) if a != target or arguments[i - 1] != "-o"]
key = digest(compiler(), *neutral, *variables)
manifest = os.path.join(cache, key[:2], key + ".manifest")

def entries():
    """Earlier compilations: an object, and what was read for it, as lines of digest and path."""
    try:
        with open(manifest, encoding="utf-8", errors="surrogateescape") as file:
            blocks = file.read().split("\\n\\n")
    except OSError:
        return []
    return [block.split("\\n") for block in blocks if block]

earlier = entries()
for block in earlier:
    if all(content(line[41:]) == line[:40] for line in block[1:]):
        path = os.path.join(cache, block[0][:2], block[0] + ".o")
        try:
            with open(path, "rb") as file:
                data = file.read()
            with open(path[:-2] + ".err", "rb") as file:
                sys.stderr.buffer.write(file.read())
        except OSError:
            continue
        with open(target, "wb") as file:
            file.write(data)
        os.utime(path)
        sys.exit(0)

listing = f"{target}.{os.getpid()}.d"
extra = ["-MD", "-MF", listing, f"-ffile-prefix-map={here}=."]
result = subprocess.run([*command, *extra], stderr=subprocess.PIPE)
sys.stderr.buffer.write(result.stderr)
if result.returncode == 0:
    with open(listing, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read().replace("\\\\\\n", " ").split(":", 1)[1]
    read = [p.replace("\\1", " ") for p in text.replace("\\\\ ", "\\1").split()]
    # What changes is asked first.
    read = [p[len(here) + 1:] if p.startswith(here + os.sep) else p for p in read]
    read.sort(key=os.path.isabs)
    lines = [f"{content(p)} {p}" for p in dict.fromkeys(read)]
    with open(target, "rb") as file:
        data = file.read()
    name = digest(key, *lines)
    write(os.path.join(cache, name[:2], name + ".err"), result.stderr)
    write(os.path.join(cache, name[:2], name + ".o"), data)
    blocks = [[name, *lines], *earlier][:100]
    write(manifest, "\\n\\n".join("\\n".join(b) for b in blocks).encode("utf-8", "surrogateescape"))
try:
    os.unlink(listing)
except OSError:
    pass
sys.exit(result.returncode if result.returncode >= 0 else 1)
`;

/** Bytes above which the oldest objects go. */
const CAPACITY = 1 << 30;

/** Removes the objects that were not used for longest when there are too many. */
function prune(directory: string): void {
  const files = readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".o"))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
      return { path, size, mtimeMs };
    })
    .sort((a, b) => b.mtimeMs - a.mtimeMs);
  let total = 0;
  for (const { path, size } of files) {
    total += size;
    if (total > CAPACITY) rmSync(path, { force: true });
  }
}

function quoted(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `"${path}"`;
}

/** The commands that setuptools should take for a C and a C++ compiler. */
export interface CompilerCommands {
  readonly CC: string;
  readonly CXX: string;
}

/**
 * Puts the launcher in front of compilers.
 *
 * @param directory - Where launcher and objects are kept.
 * @param python - Interpreter that runs the launcher.
 * @param compilers - The commands as the interpreter's own configuration names them, such as `gcc -pthread`.
 */
export function compileOnce(directory: string, python: string, compilers: CompilerCommands): CompilerCommands {
  mkdirSync(directory, { recursive: true });
  prune(directory);
  const launcher = join(directory, "launcher.py");
  if (!existsSync(launcher) || statSync(launcher).size !== Buffer.byteLength(LAUNCHER))
    writeFileSync(launcher, LAUNCHER);
  const prefix = `${quoted(python)} -I -S ${quoted(launcher)} ${quoted(directory)}`;
  return { CC: `${prefix} ${compilers.CC}`, CXX: `${prefix} ${compilers.CXX}` };
}
