/** What the page carries: the report, and the long texts packed. */
import { strFromU8, unzlibSync } from "fflate";
import type { PackedTexts, PageData } from "../report/report-html.ts";

/** Reads the data that the page carries. */
export function readPageData(): PageData {
  const element = document.getElementById("data");
  return JSON.parse(element?.textContent ?? "null") as PageData;
}

/** Texts that are unpacked a piece at a time, when they are asked for. */
export class Texts {
  readonly #packed: PackedTexts;
  readonly #pieces = new Map<number, readonly string[]>();

  constructor(packed: PackedTexts) {
    this.#packed = packed;
  }

  get(index: number): string {
    let piece = this.#packed.length - 1;
    while (piece > 0 && (this.#packed[piece]?.first ?? 0) > index) piece--;
    const packed = this.#packed[piece];
    if (packed === undefined) return "";
    let texts = this.#pieces.get(piece);
    if (texts === undefined) {
      const bytes = Uint8Array.from(atob(packed.data), (character) => character.charCodeAt(0));
      texts = JSON.parse(strFromU8(unzlibSync(bytes))) as string[];
      this.#pieces.set(piece, texts);
    }
    return texts[index - packed.first] ?? "";
  }
}
