import type { Step } from "../engine/types.ts";
import { count } from "./account.ts";
import { diffFile, type FileDiff, utf8Bytes } from "./unified-diff.ts";

/** One file of a series for `git am` and `git apply`. */
export interface Patch {
  /** `0001-module-speedups.patch`. */
  readonly name: string;
  /** One character is one byte; the caller writes it as latin-1. */
  readonly text: string;
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The date form of mail headers (RFC 5322), in UTC. */
function mailDate(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  const day = `${WEEKDAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return `${day} ${date.getUTCFullYear()} ${time} +0000`;
}

/** Width of the graph of a diffstat. */
const GRAPH = 40;

/** The table of changed files as git prints it. */
export function renderStat(diffs: readonly FileDiff[]): string {
  const width = Math.max(...diffs.map((diff) => diff.path.length));
  const most = Math.max(...diffs.map((diff) => diff.insertions + diff.deletions));
  const scaled = (lines: number) =>
    most <= GRAPH || lines === 0 ? lines : Math.max(1, Math.floor((lines * GRAPH) / most));
  const rows = diffs.map((diff) => {
    const changed = String(diff.insertions + diff.deletions).padStart(String(most).length);
    return ` ${diff.path.padEnd(width)} | ${changed} ${"+".repeat(scaled(diff.insertions))}${"-".repeat(scaled(diff.deletions))}`;
  });
  const insertions = diffs.reduce((sum, diff) => sum + diff.insertions, 0);
  const deletions = diffs.reduce((sum, diff) => sum + diff.deletions, 0);
  const total = [` ${count(diffs.length, "file")} changed`];
  if (insertions > 0) total.push(`${count(insertions, "insertion")}(+)`);
  if (deletions > 0) total.push(`${count(deletions, "deletion")}(-)`);
  return `${[...rows, total.join(", ")].join("\n")}\n`;
}

/** The body of a commit message: what a reviewer should know. Empty when there is nothing. */
export function renderNotes(step: Step): string {
  return step.notes.map((note) => `- ${note}\n`).join("");
}

/** Renders steps as mails that `git am` turns into one commit each. The date is the caller's, never the clock's. */
export function renderPatchSeries(steps: readonly Step[], version: string, date: Date): Patch[] {
  return steps.map((step, index) => {
    const diffs = step.changes.map(diffFile);
    const number = String(index + 1);
    const notes = renderNotes(step);
    const head = [
      "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001",
      "From: hpy-migrate <hpy-migrate@localhost>",
      `Date: ${mailDate(date)}`,
      `Subject: [PATCH ${number.padStart(String(steps.length).length, "0")}/${steps.length}] ${step.title}`,
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=UTF-8",
      "Content-Transfer-Encoding: 8bit",
      "",
      ...(notes === "" ? [] : [notes]),
      "---",
    ];
    const body = diffs.map((diff) => diff.text).join("");
    const text = `${utf8Bytes(`${head.join("\n")}\n${renderStat(diffs)}\n`)}${body}-- \nhpy-migrate ${version}\n`;
    return { name: `${number.padStart(4, "0")}-${step.id}.patch`, text };
  });
}
