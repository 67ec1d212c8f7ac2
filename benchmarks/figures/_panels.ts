import { Plot } from "./chart.ts";

/** Panels of a line. */
const COLUMNS = 3;

/** Gaps below, nats, are drawn here: a logarithmic axis has no zero. */
export const LEAST_GAP = 1e-3;

/** Ticks of a logarithmic axis of gaps, nats. */
export const GAP_TICKS = [LEAST_GAP, 0.01, 0.1, 1];

/** A panel for each data set: where each stands, the options of the whole, and the marks of names and of the axis of gaps. */
export function inPanels(datasets: readonly string[]) {
  const place = {
    fx: (dataset: string): number => datasets.indexOf(dataset) % COLUMNS,
    fy: (dataset: string): number => Math.floor(datasets.indexOf(dataset) / COLUMNS),
  };
  return {
    at: {
      fx: ({ dataset }: { dataset: string }) => place.fx(dataset),
      fy: ({ dataset }: { dataset: string }) => place.fy(dataset),
    },
    options: {
      width: 900,
      height: 110 + 170 * Math.ceil(datasets.length / COLUMNS),
      marginLeft: 50,
      marginRight: 15,
      marginTop: 55,
      marginBottom: 40,
      fx: { axis: null },
      fy: { axis: null },
    },
    marks: [
      Plot.axisY({ ticks: GAP_TICKS, tickFormat: String }),
      Plot.text(datasets, {
        ...place,
        text: (dataset: string) => dataset,
        frameAnchor: "bottom",
        dy: -6,
        fontWeight: "bold",
      }),
    ],
  } as const;
}
