import { parse } from "npm:csv-parse@7.0.3/sync";

/** What results must share to be compared. */
export const PROTOCOLS = {
  flat: "Flat vectors, logit",
  conv: "Convolutional, logit",
  grey: "Learned grey levels, logit",
  vardeq: "Bounds by a learned map of the noise, or by several noise samples",
  paper: "No logit",
  class: "Trained with labels, the mean over all labels scored",
} as const;

/** One of {@link PROTOCOLS}. */
export type Protocol = keyof typeof PROTOCOLS;

/** A published number. */
export interface Published {
  readonly dataset: string;
  readonly model: string;
  readonly protocol: Protocol;
  readonly architecture: string;
  readonly bitsPerDim: number;
  readonly nllNatsLogit: number | null;
  readonly preprocessing: string;
  readonly source: string;
  /** Whether the number was read in its source or recalled. */
  readonly read: string;
}

/** Reads results/papers.csv. */
export function parsePublished(csv: string): Published[] {
  const rows: { readonly [column: string]: string }[] = parse(csv, { columns: true });
  return rows.map((row) => ({
    dataset: row.dataset!,
    model: row.model!,
    protocol: protocolOf(row),
    architecture: row.architecture!,
    bitsPerDim: Number(row.bits_per_dim),
    nllNatsLogit: row.nll_nats_logit ? Number(row.nll_nats_logit) : null,
    preprocessing: row.preprocessing!,
    source: row.source!,
    read: row.read!,
  }));
}

function protocolOf(row: { readonly [column: string]: string }): Protocol {
  if (/no logit/.test(row.preprocessing!)) return "paper";
  if (/importance samples/.test(row.preprocessing!)) return "vardeq";
  if (/labels?\b/.test(row.architecture!)) return "class";
  return /^(flat|full covariance)/.test(row.architecture!) ? "flat" : "conv";
}
