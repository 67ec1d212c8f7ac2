/**
 * What a flow is: the interface, its parts, the families, and files to keep them in.
 *
 * @module
 */
export { ActNorm } from "./actnorm.ts";
export { autoregressiveLayers } from "./autoregressive_layers.ts";
export { type Base, type BaseName, BASES } from "./base.ts";
export type { Bijector, Forward, Inverse } from "./bijector.ts";
export { Chain } from "./chain.ts";
export { CONV_NETWORKS, ConvNet, type ConvNetOptions, type ConvNetwork } from "./conv_net.ts";
export { Coupling, type CouplingOptions } from "./coupling.ts";
export { createFlow, type FlowOptions } from "./create_flow.ts";
export { FAMILIES, registerFamily } from "./families.ts";
export type {
  Citation,
  ConfigValue,
  FlowConfig,
  FlowFamily,
  FlowParts,
  ImageVariant,
} from "./family.ts";
export { Flatten } from "./flatten.ts";
export { Flow } from "./flow.ts";
export { GreyLevels } from "./grey_levels.ts";
export { Inverted } from "./inverted.ts";
export { InvertibleLinear } from "./invertible_linear.ts";
export { Logit } from "./logit.ts";
export { madeMasks } from "./made_masks.ts";
export {
  type Inversion,
  INVERSIONS,
  MaskedAutoregressive,
  type MaskedAutoregressiveOptions,
} from "./masked_autoregressive.ts";
export { type Activation, Mlp, type MlpOptions } from "./mlp.ts";
export { oneHot } from "./one_hot.ts";
export { evensFirst, Permutation } from "./permutation.ts";
export { multiScale, type MultiScaleOptions } from "./multi_scale.ts";
export { SCALE_MAPS, type ScaleMap } from "./scale_map.ts";
export { Scaling } from "./scaling.ts";
export { Split } from "./split.ts";
export { type ImageShape, Squeeze, type SqueezeOrder } from "./squeeze.ts";
export { decodeFlow, encodeFlow, type EncodeOptions, loadFlow, saveFlow } from "./save_flow.ts";
export { type DequantizerOptions, VariationalDequantizer } from "./variational_dequantizer.ts";
