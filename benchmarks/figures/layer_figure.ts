import { Rng } from "../../engine/rng.ts";
import * as tf from "../../engine/tf.ts";
import type { Dataset } from "../../datasets/mod.ts";
import { Chain } from "../../flows/chain.ts";
import { Coupling } from "../../flows/coupling.ts";
import type { Flow } from "../../flows/flow.ts";
import { arrange, PALETTE, Plot, svg } from "./chart.ts";

const POINTS = 700;
const PANEL = 230;
const QUADRANTS = [PALETTE.blue, PALETTE.orange, PALETTE.green, PALETTE.red];

/** Points of the plane, x and y in turn. */
interface Cloud {
  readonly title: string;
  readonly points: Float32Array;
  /** Not coloured by quadrant. */
  readonly isData?: true;
}

/**
 * Latent points, a colour for each quadrant, on their way through the couplings of a 2-D flow to the
 * data space, and data for comparison; as SVG.
 *
 * @param flow A chain of couplings over the plane.
 */
export async function drawLayers(flow: Flow, dataset: Dataset): Promise<string> {
  const { clouds, quadrants } = await latentToData(flow);
  const all = [...clouds, {
    title: `${dataset.name}, test points`,
    points: dataset.splits.test.values.slice(0, 2 * POINTS) as Float32Array,
    isData: true as const,
  }];
  const panels = all.map((cloud, i) => {
    const rows = quadrants.map((quadrant, row) => ({
      x: cloud.points[2 * row]!,
      y: cloud.points[2 * row + 1]!,
      colour: cloud.isData ? PALETTE.gray : QUADRANTS[quadrant]!,
    }));
    const plot = svg({
      width: PANEL,
      height: PANEL,
      marginLeft: 42,
      marginTop: 28,
      style: { background: "white", color: "black", fontSize: "11px" },
      x: { label: null, ticks: 4 },
      y: { label: null, ticks: 4, grid: true },
      marks: [
        Plot.dot(rows, { x: "x", y: "y", fill: "colour", r: 1.4 }),
        Plot.text([cloud.title], { frameAnchor: "top", dy: -22, fontSize: 12, text: (d) => d }),
      ],
    }, cloud.title);
    return { svg: plot, x: (i % 4) * PANEL, y: Math.floor(i / 4) * PANEL };
  });
  return arrange(
    panels,
    { width: 4 * PANEL, height: Math.ceil(panels.length / 4) * PANEL },
    "Quadrants of the latent space carried to the data space, coupling by coupling",
  );
}

/** The latent, then what each coupling makes of it, from the last to the first. */
async function latentToData(flow: Flow): Promise<{ clouds: Cloud[]; quadrants: number[] }> {
  const z = new Rng(0).split("layers").normal(2 * POINTS);
  const clouds: Cloud[] = [{ title: "latent", points: z }];
  const parts = flow.bijector instanceof Chain ? flow.bijector.parts : [flow.bijector];
  let x: tf.Tensor = tf.tensor2d(z, [POINTS, 2]);
  for (const [i, part] of parts.toReversed().entries()) {
    const next = tf.tidy(() => part.inverse(x).x);
    x.dispose();
    x = next;
    // What normalises or reorders is drawn with the coupling before it.
    const isStep = parts.toReversed()[i + 1] instanceof Coupling || i === parts.length - 1;
    if (isStep) {
      const points = (await x.data() as Float32Array).slice();
      clouds.push({ title: `after ${clouds.length} of ${count(parts)} couplings`, points });
    }
  }
  x.dispose();
  const quadrants = Array.from(
    { length: POINTS },
    (_, row) => 2 * Number(z[2 * row]! > 0) + Number(z[2 * row + 1]! > 0),
  );
  return { clouds, quadrants };
}

function count(parts: Chain["parts"]): number {
  return parts.filter((part) => part instanceof Coupling).length;
}
