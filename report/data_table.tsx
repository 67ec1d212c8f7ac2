import type { ComponentChildren, VNode } from "npm:preact@10.29.0";

/** A column of a table that can be sorted. */
export interface TableColumn<Row> {
  readonly name: string;
  /** What the name means, where it needs words. */
  readonly title?: string;
  /** What is sorted and copied: the exact value. */
  value(row: Row): string | number | null;
  /** What is shown; default: the value. */
  show?(row: Row): ComponentChildren;
}

/** Properties of {@link DataTable}. */
interface Properties<Row> {
  readonly caption: ComponentChildren;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  /** Whether long enough to be searched. */
  readonly hasFilter?: boolean;
}

/** A table that is whole without scripts; with them it sorts, is filtered, and is copied. */
export function DataTable<Row>(
  { caption, columns, rows, hasFilter = false }: Properties<Row>,
): VNode | null {
  if (rows.length === 0) return null;
  const isNumeric = columns.map(({ value }) => rows.some((row) => typeof value(row) === "number"));
  return (
    <div class="table" data-filter={hasFilter ? "" : undefined}>
      <div class="scroll" tabIndex={0} role="group" aria-label="Table">
        <table>
          <caption>{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ name, title }, i) => (
                <th scope="col" class={isNumeric[i] ? "number" : undefined} title={title}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>{columns.map((column, i) => cell(column, row, i, isNumeric))}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function cell<Row>(
  { value, show }: TableColumn<Row>,
  row: Row,
  i: number,
  isNumeric: readonly boolean[],
): VNode {
  const exact = value(row);
  const properties = {
    class: isNumeric[i] ? "number" : undefined,
    "data-value": exact ?? "",
    title: typeof exact === "number" ? String(exact) : undefined,
  };
  const content = show ? show(row) : exact ?? "";
  return i === 0
    ? <th scope="row" {...properties}>{content}</th>
    : <td {...properties}>{content}</td>;
}
