import { DATASETS, ENERGIES } from "../datasets/mod.ts";
import { ifThere } from "../benchmarks/_if_there.ts";
import { figureNames } from "../benchmarks/figures/figure_name.ts";
import type { Record } from "../benchmarks/record.ts";
import { spaced } from "../benchmarks/tables/format.ts";
import { slotKey } from "../benchmarks/tables/match_runs.ts";
import { loadSavedFlow, type OnSkip } from "../benchmarks/saved_flow.ts";
import { brightest, type Plane, planeOf, planeOfFlow, planePng } from "./plane.ts";
import { type Picture, runTitle } from "./pages/run.tsx";
import type { Site } from "./site.tsx";

/** The pictures of a site's data sets and runs. */
export interface Pictures {
  /** The true density, by data set or energy. */
  readonly truths: ReadonlyMap<string, Picture>;
  /** What each run made, by its id; those without a picture are not in it. */
  readonly made: ReadonlyMap<string, readonly Picture[]>;
}

/**
 * Draws true densities and those of saved flows over the plane, and takes over the figures that the
 * output folder has of its flows. Of a model of the suite toy, which comes with many seeds, only the
 * first seed that has a flow is drawn: a site stays small.
 *
 * @param records As `currentRecords` orders them. Those whose flow is not in the folder's checkpoints
 *   are passed over.
 * @param out The output folder.
 * @param onSkip Hears of checkpoints that cannot be loaded.
 */
export async function drawPictures(
  site: Site,
  records: readonly Record[],
  out: string,
  onSkip?: OnSkip,
): Promise<Pictures> {
  const truths = new Map<string, Picture>();
  const made = new Map<string, Picture[]>();
  const add = (file: string, content: Uint8Array<ArrayBuffer>, alt: string): Picture => {
    site.files.set(file, content);
    return { path: file, alt };
  };
  for (const [name, group] of Map.groupBy(records, ({ run }) => run.dataset)) {
    const truth = truthOf(name);
    if (truth === null) continue;
    const { box, plane } = truth;
    const most = brightest(plane);
    const alt = `True density of ${spaced(name)}`;
    truths.set(name, add(`densities/${name}.png`, planePng(plane, most), alt));
    const drawnToys = new Set<string>();
    for (const record of group) {
      const model = slotKey(record);
      if (record.status !== "ok" || drawnToys.has(model)) continue;
      using flow = await loadSavedFlow(record, out, onSkip);
      if (flow === null) continue;
      if (record.run.suite === "toy") drawnToys.add(model);
      const png = planePng(await planeOfFlow(box, flow), most);
      const alt = `Density of ${runTitle(record)}`;
      made.set(record.runId, [add(`densities/${record.runId}.png`, png, alt)]);
    }
  }
  const nameOf = figureNames(records);
  for (const record of records) {
    const found = await figuresOf(record, nameOf, out);
    for (const { name, content, alt } of found) {
      const list = made.get(record.runId) ?? [];
      made.set(record.runId, [...list, add(`figures/${name}`, content, alt)]);
    }
  }
  return { truths, made };
}

/** The density of a data set or energy of the registry, over its box. */
function truthOf(name: string): { box: Parameters<typeof planeOf>[0]; plane: Plane } | null {
  const energy = ENERGIES[name];
  if (energy) {
    const { box } = energy;
    const logZ = energy.logNormalizerNats().value;
    return { box, plane: planeOf(box, (x, y) => -energy.energy(x, y) - logZ) };
  }
  const toy = DATASETS[name];
  if (toy?.kind !== "toy") return null;
  return { box: toy.box, plane: planeOf(toy.box, (x, y) => toy.logDensity(x, y)) };
}

const FIGURES: { readonly [what: string]: string } = {
  samples: "Samples",
  interpolation: "Interpolations between test images",
  scales: "What each scale holds",
  classes: "Samples by class",
  layers: "Latent quadrants carried to the data space, coupling by coupling",
};

/** The files that `deno task figures` made of a run since it began; none where it has no flow, as when it diverged. */
async function figuresOf(
  record: Record,
  nameOf: ReturnType<typeof figureNames>,
  out: string,
): Promise<{ name: string; content: Uint8Array<ArrayBuffer>; alt: string }[]> {
  const found: { name: string; content: Uint8Array<ArrayBuffer>; alt: string }[] = [];
  if (record.scores === null) return found;
  const startedAt = new Date(record.startedAt);
  for (const [what, words] of Object.entries(FIGURES)) {
    for (const suffix of ["png", "svg"]) {
      const name = `${nameOf(record, what)}.${suffix}`;
      const path = `${out}/figures/${name}`;
      const file = await ifThere(Deno.stat(path));
      // What is older was drawn of an earlier run of that name.
      if (file === null || file.mtime && file.mtime < startedAt) continue;
      found.push({
        name,
        content: await Deno.readFile(path),
        alt: `${words}: ${runTitle(record)}`,
      });
    }
  }
  return found;
}
