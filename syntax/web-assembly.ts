/** The part of WebAssembly's interface that is used here; the compiler's own declarations come with browsers only. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Import modules by name, as a module asks for them. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Memory of an instance; `buffer` is another one after the memory has grown. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WebAssemblyInterface {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: WasmImports): Promise<WasmInstance>;
}

/** WebAssembly of the engine that runs us; every supported one has it. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface }).WebAssembly;
