import type { ProfileSettings } from "../settings.ts";
import { withMore } from "./_with_more.ts";
import {
  energy,
  mnist,
  mnistConv,
  mnistFlat,
  mnistPaper,
  reportBanana,
  toy,
  toyFlat,
  tradeoff,
} from "./quick.ts";

/** Everything, as small as can be: does all work? */
export const smoke: ProfileSettings = {
  toy: {
    ...toy,
    datasets: ["moons", "eight_gaussians"],
    counts: { train: 2_000, validation: 500, test: 2_000 },
    roundTrips: 100,
    variants: {
      flat: {
        ...toyFlat,
        flow: { layers: 4, hidden: [32] },
        flowOf: {},
        train: { ...toyFlat.train, maxSteps: 150, validateEvery: 50 },
        expectedSeconds: 0.7,
      },
    },
  },
  mnist: {
    ...mnist,
    counts: { train: 2_000, validation: 500, test: 1_000 },
    roundTrips: 2,
    variants: withMore({
      flat: {
        ...mnistFlat,
        flow: { ...mnistFlat.flow, layers: 3, hidden: [64] },
        train: { ...mnistFlat.train, maxSteps: 60, validateEvery: 30 },
        trainOf: { glow: { maxSteps: 20, validateEvery: 10 } },
        expectedSeconds: 3,
      },
      conv: {
        ...mnistConv,
        flow: { ...mnistConv.flow, hidden: [16, 16] },
        flowOf: { realnvp: { layers: 1 }, glow: { layers: 2 } },
        train: { ...mnistConv.train, maxSteps: 30, validateEvery: 15 },
        expectedSeconds: 4,
      },
      paper: {
        ...mnistPaper,
        flow: { ...mnistPaper.flow, hidden: [100, 100] },
        train: { ...mnistPaper.train, maxSteps: 60, validateEvery: 30 },
        expectedSeconds: 3,
      },
    }),
  },
  report: [
    {
      ...reportBanana,
      counts: { train: 2_000, validation: 500, test: 2_000 },
      variants: {
        flat: {
          ...reportBanana.variants.flat!,
          train: { ...toyFlat.train, maxSteps: 150, validateEvery: 50 },
          expectedSeconds: 0.7,
        },
      },
    },
  ],
  energy: {
    ...energy,
    energies: ["u1", "u2"],
    counts: { validation: 500, test: 2_000 },
    flow: { layers: 4, hidden: [32] },
    train: { ...energy.train, maxSteps: 100, validateEvery: 50 },
    expectedSeconds: 0.5,
  },
  tradeoff: {
    ...tradeoff,
    dims: [2, 64],
    batches: [1, 100],
    flow: { layers: 3, hidden: [64] },
    time: { ...tradeoff.time, minRepeats: 10, minSeconds: 0, maxSeconds: 1 },
  },
};
