export type {
  Box,
  Dataset,
  DatasetDefinition,
  Energy,
  Estimate,
  ImageSet,
  SplitCounts,
  Standardization,
  ToyDensity,
} from "./dataset.ts";
export { DATASETS } from "./datasets.ts";
export { ENERGIES } from "./energies.ts";
export { type IdxArray, parseIdx } from "./idx.ts";
export { loadDataset, type LoadOptions, TOY_COUNTS } from "./load_dataset.ts";
export { exampleBatch, type Rows, type Splits } from "./rows.ts";
