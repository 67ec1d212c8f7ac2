import type { QualitySuite, VariantSettings } from "../settings.ts";

/**
 * With the variants that quick has no time for, at the budgets of the others: flows of one layer and of
 * twice the layers, flows with grey levels of learned widths, some of them shaped, with untied biases and
 * trained by Muon, flows with a learned map of the noise of dequantisation, and flows that are told of each
 * example's class.
 */
export function withMore(
  variants: QualitySuite["variants"] & { readonly [name in "flat" | "conv"]: VariantSettings },
): QualitySuite["variants"] {
  const { flat, conv } = variants;
  const given = (
    settings: VariantSettings,
    families: VariantSettings["families"],
  ): VariantSettings => ({
    ...settings,
    families,
    flow: { ...settings.flow, classes: 10 },
  });
  const grey = (settings: VariantSettings): VariantSettings => ({
    ...settings,
    flow: { ...settings.flow, greyLevels: "learned" },
    ...(settings.tuned !== undefined && { tuned: `${settings.tuned}, grey levels` }),
  });
  const convGrey = grey(conv);
  const layered = (layers: number, families: VariantSettings["families"]): VariantSettings => ({
    ...flat,
    families,
    flow: { ...flat.flow, layers },
  });
  return {
    ...variants,
    made: layered(1, ["maf"]),
    deep: {
      ...layered(2 * (flat.flow.layers as number), ["realnvp", "maf"]),
      trainOf: { realnvp: { weightDecay: 1 } },
    },
    grey: grey(flat),
    conv_grey: convGrey,
    conv_large: {
      ...convGrey,
      flow: { ...convGrey.flow, greyLevels: "shaped", untiedBias: true },
      train: { ...convGrey.train, optimizer: "muon" },
    },
    vardeq: { ...conv, flow: { ...conv.flow, dequantization: "variational" } },
    class: given(flat, ["realnvp", "glow", "maf"]),
    conv_class: given(conv, conv.families),
  };
}
