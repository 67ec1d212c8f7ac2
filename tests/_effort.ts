/**
 * Whether tests that try many cases try as many as for a release, by the environment's
 * FLOWBENCH_STRESS=1; else a small number of them, always the same.
 */
export const isStress = Deno.permissions.querySync({ name: "env", variable: "FLOWBENCH_STRESS" })
      .state === "granted" && Deno.env.get("FLOWBENCH_STRESS") === "1";

/** A number of cases. */
export function effort(smoke: number, stress: number): number {
  return isStress ? stress : smoke;
}
