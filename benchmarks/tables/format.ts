import { threeDigits } from "./pivot.ts";
import type { Interval } from "./models.ts";

/** Milliseconds with three digits and their unit; seconds from one on. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1_000)} s`;
}

/** A ratio with two digits. */
export function ratio(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString("en")
    : Number(value.toPrecision(2)).toString();
}

/** 1.234 ± 0.005. */
export function withReach({ mean, low, high }: Interval): string {
  const reach = (high - low) / 2;
  return reach > 0
    ? `${mean.toFixed(3)} ± ${reach < 0.0005 ? "0.000" : Number(reach.toPrecision(2))}`
    : mean.toFixed(3);
}

/** A name as people read it. */
export function spaced(name: string): string {
  return name.startsWith("file:") ? name : name.replaceAll("_", " ");
}

/** 1,234,567. */
export function grouped(value: number): string {
  return value.toLocaleString("en");
}
