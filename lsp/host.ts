/** What the server needs of the place that it runs in: Node or a web worker. */
import type { InitializationOptions } from "./protocol.ts";

/** One file of a workspace folder, by its path below the folder with `/`. */
export interface HostFile {
  readonly path: string;
  /** `link`: a symbolic link, whose target decides whether it counts. */
  readonly kind: "file" | "link";
}

/** Access to the files of the workspace as they are stored. All methods reject only on bugs. */
export interface HostFiles {
  /**
   * Files below a folder that may belong to a project, in no particular order; directories that are left alone for their
   * names need not be looked into. Only the files right in the folder when `depth` is `flat`.
   */
  list(folder: string, depth: "deep" | "flat"): Promise<readonly HostFile[]>;
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
  /** URI of a page, with `{id}` in the place of its id; null where there are none. */
  readonly pages: string | null;
  /**
   * Starts a worker with a parser of its own. Where there are no workers, the backend runs here, and messages to it are
   * handled one by one between those of the protocol.
   */
  startBackend(options: InitializationOptions): BackendChannel;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Called when the client has gone or said goodbye. */
  exit(status: number): void;
}
