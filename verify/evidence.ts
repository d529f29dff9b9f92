/** What is told of a failure: the few lines that say what happened, out of thousands. */
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import type { Leak, PackageBuild, PackageTests } from "./package-run.ts";

/** Lines that are kept of one piece of evidence, and characters of a line. */
const LINES = 8;
const WIDTH = 200;

function clip(line: string): string {
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
}

/** Some lines, without the scratch tree's path, and how many are missing. */
function shorten(lines: readonly string[], root: string): string[] {
  const neutral = lines.map((line) => clip(line.replaceAll(`${root}/`, "").trimEnd()));
  if (neutral.length <= LINES) return neutral;
  return [...neutral.slice(0, LINES), `and ${neutral.length - LINES} more lines`];
}

/** What the compiler or setup.py complained about; the end of the output when there is no complaint. */
export function buildEvidence(build: PackageBuild, root: string): string[] {
  const lines = build.output.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) =>
    /\berror:|undefined reference|multiple definition|cannot find -l|^\w*(Error|Exception)\b|^error\b/.test(line),
  );
  // The compiler repeats itself for each inclusion, and setuptools says in the end that the compiler failed.
  const complaints = [...new Set(errors)]
    .filter((line) => !/^error: (command|Command)/.test(line))
    .flatMap((line) => [line, ...useOf(lines, line)]);
  return shorten(complaints.length > 0 ? complaints : lines.slice(-LINES), root);
}

/** Where the project uses the macro of a header that an error is in. */
function useOf(lines: readonly string[], error: string): readonly string[] {
  if (!error.startsWith("/")) return [];
  const following = lines.slice(lines.indexOf(error) + 1);
  const end = following.findIndex((line) => / error: /.test(line));
  const notes = end < 0 ? following : following.slice(0, end);
  return notes.filter((line) => !line.startsWith("/") && /: note: in expansion of/.test(line)).slice(0, 1);
}

/** What tests said that fail now. */
export function testEvidence(tests: PackageTests, broken: readonly string[], root: string): string[] {
  const lines = broken.map((id) => {
    const [message = ""] = (tests.messages.get(id) ?? "").split("\n");
    return message === "" ? id : `${id}: ${message}`;
  });
  if (lines.length === 0) return shorten(tests.output.trimEnd().split("\n").slice(-LINES), root);
  return shorten(lines, root);
}

/** What Python's fault handler and HPy's debug mode said before the process died. */
export function crashEvidence(tests: PackageTests, root: string): string[] {
  const lines = tests.output.split("\n").filter((line) => line.trim() !== "");
  const fatal = lines.findIndex((line) =>
    /^Fatal Python error|Invalid usage|already closed|Wrong HPy Context|double free|corrupt/.test(line),
  );
  if (fatal < 0) return shorten(lines.slice(-4), root);
  const told = lines.slice(fatal, fatal + 1);
  const frames = lines
    .slice(fatal)
    .filter((line) => /^\s+File "/.test(line) && !/site-packages|lib\/python3|importlib/.test(line));
  return shorten([...told, ...frames.slice(0, 4)], root);
}

/** A frame of a trace as the C library prints it: file, symbol, offset to it, address. */
const FRAME = /^(.*?)\((.*?)\+0x([0-9a-f]+)\)/;

/** Start of a symbol in a library; 0 when it is not known. */
function symbolAddress(library: string, symbol: string): number {
  const { stdout } = spawnSync("nm", [library], { encoding: "utf8", maxBuffer: 64 << 20 });
  const line = (stdout ?? "").split("\n").find((entry) => entry.split(" ")[2] === symbol);
  return line === undefined ? 0 : Number.parseInt(line.split(" ")[0] as string, 16);
}

/** Of inlined functions, two lines each with the innermost first, the first that is not in a header from elsewhere. */
function innermost(lines: readonly string[]): readonly [string, string] {
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const place = lines[i + 1] as string;
    if (!place.startsWith("/") && !place.startsWith("??")) return [lines[i] as string, place];
  }
  return [lines[0] ?? "??", lines[1] ?? "??"];
}

/** Function and place of the innermost frame in one of the project's libraries, such as `f_impl (m.c:12)`. */
function placeOf(trace: readonly string[], root: string): string | null {
  for (const frame of trace) {
    const [, library = "", symbol = "", offset = "0"] = FRAME.exec(frame.trim()) ?? [];
    if (!library.startsWith(`${root}/`)) continue;
    const start = symbol === "" ? 0 : symbolAddress(library, symbol);
    // A return address belongs to the instruction before it.
    const address = start + Number.parseInt(offset, 16) - 1;
    const args = ["-f", "-i", "-e", library, `0x${address.toString(16)}`];
    const { stdout } = spawnSync("addr2line", args, { encoding: "utf8" });
    const [name, place] = innermost((stdout ?? "").trimEnd().split("\n"));
    const line = place.startsWith("??") ? "" : ` (${place.replace(/^\.\//, "").replace(/ \(discriminator.*/, "")})`;
    const fallback = symbol === "" ? basename(library) : symbol;
    return `${name === "??" ? fallback : name}${line}`;
  }
  return null;
}

/** Handles that were never closed, by the place that made them. */
export function leakEvidence(leaks: readonly Leak[], root: string): string[] {
  const groups = new Map<string, { count: number; readonly object: string; readonly trace: readonly string[] }>();
  for (const leak of leaks) {
    const key = leak.trace.length === 0 ? leak.object.replace(/0x[0-9a-f]+/g, "") : leak.trace.join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { count: 1, object: leak.object, trace: leak.trace });
    else group.count++;
  }
  const largest = [...groups.values()].sort((a, b) => b.count - a.count);
  const lines = largest.slice(0, LINES).map(({ count, object, trace }) => {
    const [, shown = object] = /^<DebugHandle 0x[0-9a-f]+ for (.*)>$/.exec(object) ?? [];
    const place = placeOf(trace, root);
    return `${count === 1 ? "a handle" : `${count} handles`} for ${clip(shown)}${place === null ? "" : `, made in ${place}`}`;
  });
  const rest = largest.length - lines.length;
  return rest > 0 ? [...lines, `and handles from ${rest} more places`] : lines;
}

/** What the evidence of a build that lacks modules is. */
export function missingEvidence(build: PackageBuild, missing: readonly string[], root: string): string[] {
  const skipped = build.output.split("\n").filter((line) => /error|warning: build_ext/i.test(line));
  return [`not built: ${missing.join(", ")}`, ...shorten(skipped.slice(0, 4), join(root))];
}
