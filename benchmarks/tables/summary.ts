import Table from "npm:cli-table3@0.6.5";
import { type Pivot, pivots } from "./pivot.ts";
import type { Record } from "../record.ts";

/** The tables of some records for a terminal. */
export function summarise(records: readonly Record[]): string {
  return pivots(records).map(toText).join("\n");
}

/** A table for a terminal. */
export function toText({ head, rows, note }: Omit<Pivot, "name">): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, i) => i === 0 ? "left" : "right"),
  });
  table.push(...rows.map((row) => [...row]));
  return `${table}\n${note}`;
}

/** The same as Markdown. */
export function toMarkdown({ head, rows, note }: Pivot): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => i === 0 ? "---" : "--:");
  const text = note.replace(/^\*/, "\\*"); // Not a list.
  return [line(head), line(rule), ...rows.map(line), "", text, ""].join("\n");
}
