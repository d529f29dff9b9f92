/** Expected failures of the command line, as values: one line for people and an exit status for scripts. */
export interface Failure {
  readonly ok: false;
  /** One line, without a final full stop or newline. */
  readonly message: string;
  readonly status: 1 | 2 | 3;
}

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
}

export type Result<T> = Success<T> | Failure;

export function success<T>(value: T): Success<T> {
  return { ok: true, value };
}

/** Bad usage or unreadable input: exit status 2. */
export function unusable(message: string): Failure {
  return { ok: false, message, status: 2 };
}

/** What the operating system said, in words, with the path that it said it about. */
export function describeSystemError(error: unknown, path: string): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "ENOENT":
      return `${path}: no such file or directory`;
    case "EACCES":
    case "EPERM":
      return `${path}: permission denied`;
    case "ELOOP":
      return `${path}: too many levels of symbolic links`;
    case "EROFS":
      return `${path}: read-only file system`;
    case "ENOSPC":
      return `${path}: no space left on device`;
    case "ENOTDIR":
      return `${path}: not a directory`;
    case "EISDIR":
      return `${path}: is a directory`;
    default:
      return `${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
