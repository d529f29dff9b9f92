/** The documents that are open in the editor, as the bytes that saving them would write. */
import type { DidChangeTextDocumentParams } from "vscode-languageserver";
import { URI } from "vscode-uri";
import { type PositionEncoding, TextPositions, toBytes } from "./positions.ts";

/** A URI in one spelling for the same resource: clients differ in what they encode and in the case of drives. */
export function parsed(uri: string): URI {
  const found = URI.parse(uri);
  const drive = found.path.charAt(1);
  const hasDrive = found.path.charAt(2) === ":" && drive !== drive.toLowerCase();
  return hasDrive ? found.with({ path: `/${drive.toLowerCase()}${found.path.slice(2)}` }) : found;
}

function normalized(uri: string): string {
  return parsed(uri).toString();
}

/** One version of an open document. */
export class OpenDocument {
  /** As the client spells it. */
  readonly uri: string;
  readonly version: number;
  /** Bytes as latin-1. */
  readonly text: string;
  readonly #encoding: PositionEncoding;
  #positions: TextPositions | null = null;

  constructor(uri: string, version: number, text: string, encoding: PositionEncoding) {
    this.uri = uri;
    this.version = version;
    this.text = text;
    this.#encoding = encoding;
  }

  get positions(): TextPositions {
    this.#positions ??= new TextPositions(this.text, this.#encoding);
    return this.#positions;
  }
}

export class Documents {
  readonly #open = new Map<string, OpenDocument>();
  readonly #encoding: PositionEncoding;

  constructor(encoding: PositionEncoding) {
    this.#encoding = encoding;
  }

  /** By any spelling of its URI. */
  get(uri: string): OpenDocument | undefined {
    return this.#open.get(normalized(uri));
  }

  all(): IterableIterator<OpenDocument> {
    return this.#open.values();
  }

  open(uri: string, version: number, text: string): OpenDocument {
    const document = new OpenDocument(uri, version, toBytes(text), this.#encoding);
    this.#open.set(normalized(uri), document);
    return document;
  }

  /** Null for a document that is not open. */
  change({ textDocument, contentChanges }: DidChangeTextDocumentParams): OpenDocument | null {
    let document = this.get(textDocument.uri);
    if (document === undefined) return null;
    for (const change of contentChanges) {
      const inserted = toBytes(change.text);
      let text = inserted;
      if ("range" in change) {
        const start = document.positions.offsetAt(change.range.start);
        const end = Math.max(start, document.positions.offsetAt(change.range.end));
        text = document.text.slice(0, start) + inserted + document.text.slice(end);
      }
      document = new OpenDocument(document.uri, textDocument.version, text, this.#encoding);
    }
    this.#open.set(normalized(textDocument.uri), document);
    return document;
  }

  close(uri: string): void {
    this.#open.delete(normalized(uri));
  }
}
