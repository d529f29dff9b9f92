/** Calls to a backend through a channel. */
import type { BackendAnswer, BackendCalls, BackendMethod } from "./backend-calls.ts";
import type { BackendChannel } from "./host.ts";

/** What a call rejects with when the backend has gone before it answered. */
export class BackendGone extends Error {}

export class Remote {
  readonly #channel: BackendChannel;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;
  #gone: string | null = null;

  constructor(channel: BackendChannel) {
    this.#channel = channel;
    channel.onMessage((message) => this.#receive(message as BackendAnswer));
    channel.onEnd((why) => this.#end(why));
  }

  /** Rejects with {@link BackendGone} when the backend ends, and with an `Error` on a bug in it. */
  call<M extends BackendMethod>(method: M, params: BackendCalls[M]["params"]): Promise<BackendCalls[M]["result"]> {
    if (this.#gone !== null) return Promise.reject(new BackendGone(this.#gone));
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#channel.post({ id, method, params });
    return answer as Promise<BackendCalls[M]["result"]>;
  }

  /** Ends the backend, whatever it is doing; calls that wait for it reject. */
  close(): void {
    this.#channel.close();
    this.#end("it was ended");
  }

  #receive(answer: BackendAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  }

  #end(why: string): void {
    this.#gone ??= why;
    for (const { reject } of this.#waiting.values()) reject(new BackendGone(why));
    this.#waiting.clear();
  }
}
