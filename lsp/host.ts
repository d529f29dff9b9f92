/** What the server needs of the place that it runs in: Node or a web worker. */
import type { WasmModules } from "./backend-calls.ts";
import type { InitializationOptions } from "./protocol.ts";

/** Access to the files of the workspace as they are stored. All methods reject only on bugs. */
export interface HostFiles {
  /**
   * Paths below a folder, with `/`, of the files that may belong to a project by the rules of `engine/project-files.ts`;
   * in no particular order. Only the files right in the folder when `depth` is `flat`.
   */
  list(folder: string, depth: "deep" | "flat"): Promise<readonly string[]>;
  /** The bytes of a file as latin-1 text, or one line that says why there are none. */
  read(uri: string): Promise<FileContent>;
}

export type FileContent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly message: string };

/** A channel to a worker that runs `serveBackend`. */
export interface BackendChannel {
  post(message: unknown): void;
  onMessage(receive: (message: unknown) => void): void;
  /** Called once when the worker dies of itself. */
  onEnd(receive: (why: string) => void): void;
  close(): void;
}

export interface ServerHost {
  /** Version of the program. */
  readonly version: string;
  readonly files: HostFiles;
  /** URI of a page, with `{kind}` and `{id}` in the place of its kind and id; null where there are none. */
  readonly pages: string | null;
  /** Bytes of the parser's modules. Rejects when they cannot be read. */
  wasm(options: InitializationOptions): Promise<WasmModules>;
  /**
   * Starts a worker with a parser of its own. Where there are no workers, the backend runs here, and messages to it are
   * handled one by one between those of the protocol.
   */
  startBackend(): BackendChannel;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Called when the client has gone or said goodbye. */
  exit(status: number): void;
}
