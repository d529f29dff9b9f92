/**
 * The server in Node: `serveStdio` for `hpy-migrate lsp --stdio`. It parses and plans in worker threads, which load this
 * same module, so that a bundle of it is one file.
 */
import { existsSync } from "node:fs";
import { open, readdir, readFile, realpath, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import { URI } from "vscode-uri";
import { DIRECTORY_MARKS, isProjectFile, isSkippedDirectory, SIZE_LIMIT } from "../engine/project-files.ts";
import type { WasmModules } from "./backend-calls.ts";
import type { BackendChannel, FileContent, HostFiles, ServerHost } from "./host.ts";
import { startServer } from "./server.ts";

/** What the threads of a server are told that they are. */
const BACKEND = "hpy-migrate-backend";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Bytes of a module of WebAssembly: beside a bundle in `wasm/`, in the published package one folder up, and in
 * development, as well as the runtime always, in the package that it comes with.
 */
async function readModule(name: string, packaged: string): Promise<Uint8Array> {
  const candidates = [join(here, "wasm", name), join(here, "..", "wasm", name)];
  const found = candidates.find((candidate) => existsSync(candidate)) ?? require.resolve(packaged);
  return readFile(found);
}

async function readModules(): Promise<WasmModules> {
  const [runtime, c, cpp] = await Promise.all([
    readModule("web-tree-sitter.wasm", "web-tree-sitter/web-tree-sitter.wasm"),
    readModule("tree-sitter-c.wasm", "tree-sitter-c/tree-sitter-c.wasm"),
    readModule("tree-sitter-cpp.wasm", "tree-sitter-cpp/tree-sitter-cpp.wasm"),
  ]);
  return { runtime, c, cpp };
}

/** Files of the machine, by `file:` URIs; documents with others have nothing around them. */
const diskFiles: HostFiles = {
  async list(folder, depth) {
    if (!folder.startsWith("file:")) return [];
    const found: string[] = [];
    let root: string;
    try {
      root = await realpath(URI.parse(folder).fsPath);
    } catch {
      return [];
    }
    const walk = async (path: string): Promise<void> => {
      const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
      const names = new Set(entries.map((entry) => entry.name));
      if (path !== "" && DIRECTORY_MARKS.some((mark) => names.has(mark))) return;
      for (const entry of entries) {
        const child = path === "" ? entry.name : `${path}/${entry.name}`;
        if (entry.isDirectory()) {
          if (depth === "deep" && !isSkippedDirectory(child)) await walk(child);
        } else if (isProjectFile(entry.name)) {
          if (entry.isFile() || (entry.isSymbolicLink() && (await leadsOutside(root, child)))) found.push(child);
        }
      }
    };
    await walk("");
    return found;
  },

  async read(uri): Promise<FileContent> {
    const { scheme, fsPath } = URI.parse(uri);
    if (scheme !== "file") return { kind: "missing" };
    try {
      const handle = await open(fsPath, "r");
      try {
        const { size } = await handle.stat();
        // Of what is too large to analyse, the start and one byte too many are enough to know that.
        const bytes = size > SIZE_LIMIT ? Buffer.alloc(SIZE_LIMIT + 1) : await handle.readFile();
        if (size > SIZE_LIMIT) await handle.read(bytes, 0, bytes.length, 0);
        return { kind: "text", text: bytes.toString("latin1") };
      } finally {
        await handle.close();
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return { kind: "missing" };
      return { kind: "failed", message: code === "EACCES" || code === "EPERM" ? "permission denied" : message };
    }
  },
};

/** A symbolic link counts only when it leads to a file outside: inside, the file itself is found too. */
async function leadsOutside(root: string, path: string): Promise<boolean> {
  try {
    const target = await realpath(join(root, path));
    return !target.startsWith(root + sep) && (await stat(target)).isFile();
  } catch {
    return false;
  }
}

function startWorker(): BackendChannel {
  const worker = new Worker(new URL(import.meta.url), { workerData: BACKEND });
  let isClosed = false;
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (receive) => worker.on("message", receive),
    onEnd: (receive) => {
      worker.on("error", (error) => receive(error.message));
      worker.on("exit", () => {
        if (!isClosed) receive("it ended by itself");
      });
    },
    close: () => {
      isClosed = true;
      void worker.terminate();
    },
  };
}

/** The pages that the published package carries. */
function pagesHere(): string | null {
  const directory = [join(here, "docs"), join(here, "..", "docs")].find((candidate) =>
    existsSync(join(candidate, "refusals.md")),
  );
  return directory === undefined ? null : `${pathToFileURL(directory).href}/{kind}.md#{id}`;
}

/** Serves the protocol on stdin and stdout until the client says goodbye. Does nothing in the threads of a server. */
export function serveStdio(version: string): void {
  if (!isMainThread) return;
  const host: ServerHost = {
    version,
    files: diskFiles,
    pages: pagesHere(),
    wasm: readModules,
    startBackend: startWorker,
    now: () => performance.now(),
    exit: (status) => process.exit(status),
  };
  const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
  startServer(connection, host);
  connection.listen();
}

if (!isMainThread && workerData === BACKEND && parentPort !== null) {
  const port = parentPort;
  // What arrives before the backend is there waits, since a port without a listener keeps its messages.
  const { serveBackend } = await import("./backend.ts");
  serveBackend({
    post: (message) => port.postMessage(message),
    onMessage: (receive) => port.on("message", receive),
  });
}
