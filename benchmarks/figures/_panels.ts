/** Gaps below, nats, are drawn here: a logarithmic axis has no zero. */
export const LEAST_GAP = 1e-3;

/** Ticks of a logarithmic axis of gaps, nats. */
export const GAP_TICKS = [LEAST_GAP, 0.01, 0.1, 1];

/** Options of a panel for each data set below the one before, in which models stand in a line each. */
export function inRows(points: readonly { readonly dataset: string; readonly model: string }[]) {
  const datasets = [...new Set(points.map(({ dataset }) => dataset))];
  return {
    width: 900,
    height: 90 + 40 * datasets.length,
    marginLeft: 125,
    marginRight: 20,
    marginTop: 50,
    marginBottom: 40,
    y: { axis: null, domain: [...new Set(points.map(({ model }) => model))] },
    fy: { label: null, axis: "left", domain: datasets },
    symbol: { type: "identity" },
  } as const;
}
