/**
 * The server in a web worker. Its bundle is one script: it starts further workers from the address that it was loaded
 * from, for the work that takes long, and where that is not allowed it does that work itself.
 */
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  createConnection,
  ProposedFeatures,
} from "vscode-languageserver/browser";
import {
  BUILD_FILES,
  DIRECTORY_MARKS,
  HEADER_EXTENSIONS,
  isProjectFile,
  isSkippedDirectory,
  SOURCE_EXTENSIONS,
} from "../engine/project-files.ts";
import { serveBackend } from "./backend.ts";
import type { WasmModules } from "./backend-calls.ts";
import type { BackendChannel, FileContent, HostFiles } from "./host.ts";
import {
  type InitializationOptions,
  LIST_FILES_REQUEST,
  type ListFilesParams,
  type ListFilesResult,
  READ_FILE_REQUEST,
  type ReadFileParams,
  type ReadFileResult,
} from "./protocol.ts";
import { startServer } from "./server.ts";

/** What of a worker's global scope is used; the compiler's library of it would hide that of Node. */
interface Scope {
  readonly name: string;
  readonly location: { readonly href: string };
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  close(): void;
  readonly Worker?: new (
    address: string,
    options: { readonly name: string },
  ) => {
    postMessage(message: unknown): void;
    terminate(): void;
    onmessage: ((event: { readonly data: unknown }) => void) | null;
    onerror: ((event: { readonly message?: string }) => void) | null;
  };
}

/** Name of the workers that only parse and plan. */
const BACKEND = "hpy-migrate-backend";
/** Milliseconds after which a worker that has not answered is taken not to run. */
const PATIENCE = 10_000;

const scope = globalThis as unknown as Scope;

/** A backend in this thread: every message is a task of its own, so that others get their turn. */
function localBackend(): BackendChannel {
  let answer: (message: unknown) => void = () => {};
  let isClosed = false;
  let ask: (message: unknown) => void = () => {};
  serveBackend({
    post: (message) => {
      if (!isClosed) answer(message);
    },
    onMessage: (receive) => {
      ask = receive;
    },
  });
  return {
    post: (message) => {
      setTimeout(() => {
        if (!isClosed) ask(message);
      });
    },
    onMessage: (receive) => {
      answer = receive;
    },
    onEnd: () => {},
    close: () => {
      isClosed = true;
    },
  };
}

/** A backend in a worker of its own, or in this thread where such a worker does not start. */
function startBackend(): BackendChannel {
  if (scope.Worker === undefined) return localBackend();
  let worker: InstanceType<NonNullable<Scope["Worker"]>>;
  try {
    worker = new scope.Worker(scope.location.href, { name: BACKEND });
  } catch {
    return localBackend();
  }
  let receive: (message: unknown) => void = () => {};
  let end: (why: string) => void = () => {};
  let local: BackendChannel | null = null;
  let hasAnswered = false;
  const waiting: unknown[] = [];
  const fallBack = (): void => {
    if (hasAnswered || local !== null) return;
    worker.terminate();
    local = localBackend();
    local.onMessage(receive);
    for (const message of waiting.splice(0)) local.post(message);
  };
  const timer = setTimeout(fallBack, PATIENCE);
  worker.onmessage = ({ data }) => {
    hasAnswered = true;
    clearTimeout(timer);
    waiting.length = 0;
    receive(data);
  };
  worker.onerror = ({ message }) => {
    clearTimeout(timer);
    if (hasAnswered) end(message ?? "the worker failed");
    else fallBack();
  };
  return {
    post: (message) => {
      if (local !== null) return local.post(message);
      // Until the worker has shown that it runs, another one may have to be told.
      if (!hasAnswered) waiting.push(message);
      worker.postMessage(message);
    },
    onMessage: (given) => {
      receive = given;
      local?.onMessage(given);
    },
    onEnd: (given) => {
      end = given;
    },
    close: () => {
      clearTimeout(timer);
      local?.close();
      worker.terminate();
    },
  };
}

function serve(): void {
  const connection = createConnection(
    ProposedFeatures.all,
    new BrowserMessageReader(scope as never),
    new BrowserMessageWriter(scope as never),
  );
  const read = async (uri: string): Promise<string | null> => {
    const params: ReadFileParams = { uri };
    const { base64 } = await connection.sendRequest<ReadFileResult>(READ_FILE_REQUEST, params);
    return base64 === null ? null : atob(base64);
  };
  const files: HostFiles = {
    async list(folder, depth) {
      const params: ListFilesParams = {
        folder,
        extensions: [...SOURCE_EXTENSIONS, ...HEADER_EXTENSIONS],
        names: [...BUILD_FILES, ...DIRECTORY_MARKS],
        skip: ["node_modules", "__pycache__", "site-packages", "venv"],
      };
      const { files: all } = await connection.sendRequest<ListFilesResult>(LIST_FILES_REQUEST, params);
      const marked = all.filter((path) => DIRECTORY_MARKS.some((mark) => path.endsWith(`/${mark}`)));
      const environments = marked.map((path) => path.slice(0, path.lastIndexOf("/") + 1));
      return all.filter(
        (path) =>
          isProjectFile(path) &&
          (depth === "deep" || !path.includes("/")) &&
          !environments.some((directory) => path.startsWith(directory)) &&
          !directoriesOf(path).some(isSkippedDirectory),
      );
    },
    async read(uri): Promise<FileContent> {
      const text = await read(uri);
      return text === null ? { kind: "missing" } : { kind: "text", text };
    },
  };
  const wasm = async ({ wasm: addresses }: InitializationOptions): Promise<WasmModules> => {
    if (addresses === undefined) throw new Error("initializationOptions.wasm says where the parser lies");
    const bytes = async (uri: string): Promise<Uint8Array> => {
      const text = await read(uri);
      if (text === null) throw new Error(`${uri} cannot be read`);
      return Uint8Array.from(text, (character) => character.charCodeAt(0));
    };
    return { runtime: await bytes(addresses.runtime), c: await bytes(addresses.c), cpp: await bytes(addresses.cpp) };
  };
  startServer(connection, {
    version: "web",
    files,
    pages: null,
    wasm,
    startBackend,
    now: () => performance.now(),
    exit: () => scope.close(),
  });
  connection.listen();
}

function directoriesOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

if (scope.name === BACKEND) {
  serveBackend({
    post: (message) => scope.postMessage(message),
    onMessage: (receive) => {
      scope.onmessage = ({ data }) => receive(data);
    },
  });
} else serve();
